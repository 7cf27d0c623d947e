import { Alert, Box, Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Answer } from "../api";
import { Loading } from "../components/Loading";
import { humanizeSeconds } from "../format/duration";
import { count, formatBytes } from "../format/value";
import { explainQuery, type Explanation, type QueryTimes } from "../queryApi";
import { useRequest } from "../state/useRequest";
import { WindowControls } from "./GraphControls";
import { Notices } from "./Notices";
import { PlanTree } from "./PlanTree";
import type { ExplainedTimes, PanelState } from "./panel";
import { selectsNothing } from "./planItems";
import { QueryError } from "./QueryError";
import { windowOf } from "./step";
import { TimeInput } from "./TimeInput";

const MOMENT_STEP_MS = 10 * 60_000;

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
  /** Grows with every run: the same expression is planned again. */
  run: number;
  onGoTo: (offset: number) => void;
}

/** How the query is computed and what that is expected to cost; on demand, what it does cost. */
export function ExplainTab({ panel, onPatch, run, onGoTo }: Props) {
  const { expr, moment, end, rangeMs, explained, isAnalyzed } = panel;
  const [measurements, setMeasurements] = useState(0);
  // One string stands for what is asked, since every decoding of the address makes new objects.
  const asked = JSON.stringify(
    explained === "instant" ? [expr, moment, run] : [expr, end, rangeMs, panel.resolution, run],
  );
  const loadPlan = useMemo(() => {
    if (expr.trim() === "") return null;
    return (signal: AbortSignal) => explain(panel, asked, false, signal);
  }, [asked]);
  const loadMeasured = useMemo(() => {
    if (expr.trim() === "" || !isAnalyzed) return null;
    return (signal: AbortSignal) => explain(panel, asked, true, signal);
  }, [asked, isAnalyzed, measurements]);
  // The plan is there at once, and stays when the query cannot be run.
  const plan = useRequest<Asked>(loadPlan);
  const measured = useRequest<Asked>(loadMeasured);
  const hasMeasured = isAnalyzed && measured.answer?.data.asked === asked;
  const answer = hasMeasured ? measured.answer : plan.answer;
  const explanation = plan.error ? undefined : answer?.data.explanation;
  const isMeasuring = isAnalyzed && measured.isLoading;
  const error = plan.error ?? (isAnalyzed && !measured.isLoading ? measured.error : null);
  // What was measured is of these times.
  const onPatchTimes = (patch: Partial<PanelState>) => onPatch({ ...patch, isAnalyzed: false });

  return (
    <Box>
      <Group px="md" py="sm" gap="sm">
        <SegmentedControl
          size="xs"
          aria-label="What is explained"
          data={[
            { value: "instant", label: "Table" },
            { value: "range", label: "Graph" },
          ]}
          value={explained}
          onChange={(value) => onPatchTimes({ explained: value as ExplainedTimes })}
        />
        {explained === "instant" ? (
          <TimeInput
            label="Evaluation time"
            value={moment}
            onChange={(value) => onPatchTimes({ moment: value })}
            stepMs={MOMENT_STEP_MS}
          />
        ) : (
          <WindowControls panel={panel} onPatch={onPatchTimes} />
        )}
        <Button
          size="xs"
          variant="default"
          disabled={explanation === undefined}
          loading={isMeasuring}
          title="Run the query and measure each operator"
          onClick={() => {
            setMeasurements((times) => times + 1);
            onPatch({ isAnalyzed: true });
          }}
        >
          Analyze
        </Button>
      </Group>
      {error && <QueryError error={error} expr={expr} onGoTo={onGoTo} />}
      {!answer && plan.isLoading && loadPlan && <Loading label="Planning the query" />}
      {explanation && (
        <Box pb="sm" style={{ opacity: plan.isLoading || isMeasuring ? 0.6 : 1 }}>
          <Notices warnings={answer?.warnings ?? []} infos={answer?.infos ?? []} />
          <Summary explanation={explanation} hasFailed={error !== null} />
          <PlanTree explanation={explanation} />
        </Box>
      )}
    </Box>
  );
}

/** A plan, and what was asked for it. */
interface Asked {
  asked: string;
  explanation: Explanation;
}

async function explain(panel: PanelState, asked: string, analyze: boolean, signal: AbortSignal): Promise<Answer<Asked>> {
  const answer = await explainQuery({ query: panel.expr, times: timesOf(panel), analyze }, signal);
  return { ...answer, data: { asked, explanation: answer.data } };
}

function timesOf(panel: PanelState): QueryTimes {
  if (panel.explained === "instant") return { time: (panel.moment ?? Date.now()) / 1000 };
  const { startMs, endMs, stepMs } = windowOf(panel, Date.now());
  return { start: startMs / 1000, end: endMs / 1000, step: stepMs / 1000 };
}

function Summary({ explanation, hasFailed }: { explanation: Explanation; hasFailed: boolean }) {
  const { estimate, actual, memoryLimitBytes, isWithinMemoryLimit } = explanation;
  const limit = formatBytes(memoryLimitBytes);
  return (
    <>
      <Text size="sm" px="md" role="status">
        Expected: {count(estimate.series, "series", "series")}, at most {count(estimate.samples, "sample", "samples")},
        and {formatBytes(estimate.heldBytes)} held in memory; {limit} are allowed.
        {actual && (
          <>
            <br />
            Measured: {count(actual.series, "series", "series")}, {count(actual.samples, "sample", "samples")}, and at
            most {formatBytes(actual.peakBytes)} held in memory, in {humanizeSeconds(actual.seconds)}.
          </>
        )}
      </Text>
      {!isWithinMemoryLimit && !hasFailed && (
        <Alert color="yellow" title="This query would be refused" mx="md" my="sm" py="xs">
          It is expected to hold {formatBytes(estimate.heldBytes)} of memory, and {limit} are allowed. Select fewer
          series, aggregate, or ask for a shorter range or a longer step.
        </Alert>
      )}
      {selectsNothing(explanation) && (
        <Text c="dimmed" size="sm" px="md">
          Nothing matches here: check names and labels, or choose another time.
        </Text>
      )}
    </>
  );
}
