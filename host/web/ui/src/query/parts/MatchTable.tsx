import { SegmentedControl, Table, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import type { InstantSample } from "../../api";
import { SeriesName } from "../../components/LabelSet";
import { useBounded } from "../../components/useBounded";
import type { BinaryExpr, Matching } from "../../promql/ast";
import { becomes, countGroups, GROUP_STATES, matchGroups, type GroupState, type MatchGroup } from "./matching";
import type { Outcome, Part } from "./parts";

const GROUPS_AT_ONCE = 20;
/** Of one side of a group, the series that are shown. */
const SERIES_SHOWN = 4;

interface Props {
  part: Part;
  node: BinaryExpr;
  outcomes: ReadonlyMap<string, Outcome>;
}

/** Which series of both sides of an operator are partners, and which have none. */
export function MatchTable({ part, node, outcomes }: Props) {
  const [left, right] = part.children.map((child) => samplesOf(outcomes.get(child.id)));
  const { matching } = node;
  if (!left || !right || !matching) return null;
  return <Groups node={node} matching={matching} left={left} right={right} />;
}

function samplesOf(outcome: Outcome | undefined): InstantSample[] | null {
  return outcome?.state === "done" && outcome.data.resultType === "vector" ? outcome.data.result : null;
}

interface GroupsProps {
  node: BinaryExpr;
  matching: Matching;
  left: InstantSample[];
  right: InstantSample[];
}

function Groups({ node, matching, left, right }: GroupsProps) {
  const [state, setState] = useState<GroupState | "all">("all");
  const groups = useMemo(() => matchGroups(matching, left, right), [matching, left, right]);
  const counts = useMemo(() => countGroups(groups), [groups]);
  const passing = useMemo(() => groups.filter((group) => state === "all" || group.state === state), [groups, state]);
  const [shown, more] = useBounded(passing, GROUPS_AT_ONCE);
  if (groups.length === 0) return null;
  return (
    <>
      <SegmentedControl
        size="xs"
        mt="xs"
        aria-label="Groups that are shown"
        data={[
          { value: "all", label: `All groups ${groups.length}` },
          ...GROUP_STATES.filter((each) => counts[each] > 0).map((each) => ({ value: each, label: `${each} ${counts[each]}` })),
        ]}
        value={state}
        onChange={(value) => setState(value as GroupState | "all")}
        styles={{ root: { maxWidth: "100%", overflowX: "auto" } }}
      />
      <Table.ScrollContainer minWidth={640}>
        <Table verticalSpacing={4} fz={13} style={{ tableLayout: "fixed" }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Left</Table.Th>
              <Table.Th scope="col">Right</Table.Th>
              <Table.Th scope="col" w={210}>
                Becomes
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((group) => (
              <GroupRow key={JSON.stringify(group.labels)} group={group} node={node} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {more}
    </>
  );
}

function GroupRow({ group, node }: { group: MatchGroup; node: BinaryExpr }) {
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>
        <Side samples={group.left} />
      </Table.Td>
      <Table.Td>
        <Side samples={group.right} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" fw={500}>
          {group.state}
        </Text>
        <Text size="xs" c={group.state === "ambiguous" ? "var(--nx-bad)" : "dimmed"}>
          {becomes(node, group)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

function Side({ samples }: { samples: readonly InstantSample[] }) {
  const left = samples.length - SERIES_SHOWN;
  if (samples.length === 0) {
    return (
      <Text span size="xs" c="dimmed">
        none
      </Text>
    );
  }
  return (
    <>
      {samples.slice(0, SERIES_SHOWN).map((sample, index) => (
        <div key={index} style={{ overflowWrap: "anywhere" }}>
          <SeriesName labels={sample.metric} />{" "}
          <Text span size="xs" c="dimmed">
            {sample.value?.[1] ?? "histogram"}
          </Text>
        </div>
      ))}
      {left > 0 && (
        <Text size="xs" c="dimmed">
          and {left} more
        </Text>
      )}
    </>
  );
}
