import { Box, List, Text, Title } from "@mantine/core";
import { functionIdentifierTerms } from "@prometheus-io/codemirror-promql/dist/esm/complete/promql.terms";
import { useCallback } from "react";
import { count } from "../../format/value";
import { getMetadataOf } from "../../queryApi";
import { useSettings } from "../../state/settings";
import { useRequest } from "../../state/useRequest";
import { familyName, findMetadata } from "../metricList";
import { LabelTable } from "./LabelTable";
import { MatchTable } from "./MatchTable";
import { RESULTS_MAX, type Outcome, type Part } from "./parts";
import { describe, matcherTexts, titleOf } from "./words";

interface Props {
  part: Part;
  outcomes: ReadonlyMap<string, Outcome>;
}

/** What one part does: in words, by the labels of its results, by the partners that its sides find. */
export function PartNotes({ part, outcomes }: Props) {
  const { zone } = useSettings();
  const { node } = part;
  const outcome = outcomes.get(part.id);
  const isSelector = node.type === "vectorSelector" || node.type === "matrixSelector";
  return (
    <Box component="section" aria-label="About this part" px="md" pt="sm" style={{ borderTop: "1px solid var(--nx-border)" }}>
      <Title order={2} size="h6" mb={4}>
        {titleOf(node)}
      </Title>
      <Text size="sm" maw={760}>
        {node.type === "call" ? functionText(node.func.name) : describe(node, zone)}
      </Text>
      {isSelector && (
        <>
          {node.name !== "" && <MetricText name={node.name} />}
          <List size="sm" mt={4}>
            {matcherTexts(node).map((text) => (
              <List.Item key={text}>{text}</List.Item>
            ))}
          </List>
        </>
      )}
      {node.type === "aggregation" && <Shrinking part={part} outcomes={outcomes} />}
      {node.type === "binaryExpr" && node.matching && <MatchTable part={part} node={node} outcomes={outcomes} />}
      {outcome?.state === "done" && (
        <>
          {outcome.isCut && (
            <Text size="sm" mt="xs">
              There are more than {count(RESULTS_MAX, "result", "results")}; what follows is of the first of them.
            </Text>
          )}
          <LabelTable summary={outcome.summary} />
        </>
      )}
    </Box>
  );
}

function functionText(name: string): string {
  const known = functionIdentifierTerms.find((term) => term.label === name);
  return known ? `${known.info}.` : `Calls ${name}.`;
}

/** Type and help, where scraping told them. */
function MetricText({ name }: { name: string }) {
  const load = useCallback((signal: AbortSignal) => loadMetadata(name, signal), [name]);
  const { answer } = useRequest(load);
  const known = answer && findMetadata(name, answer.data);
  if (!known) return null;
  return (
    <Text size="sm" mt={4} maw={760}>
      <b>{known.type}</b> {known.help}
    </Text>
  );
}

async function loadMetadata(name: string, signal: AbortSignal) {
  const own = await getMetadataOf(name, signal);
  return findMetadata(name, own.data) ? own : getMetadataOf(familyName(name), signal);
}

/** How many series an aggregation makes of how many. */
function Shrinking({ part, outcomes }: Props) {
  const input = outcomes.get(part.children.at(-1)?.id ?? "");
  const output = outcomes.get(part.id);
  if (input?.state !== "done" || output?.state !== "done" || input.isCut) return null;
  return (
    <Text size="sm" mt={4}>
      Here {count(input.summary.results, "series becomes", "series become")} {output.summary.results}.
    </Text>
  );
}
