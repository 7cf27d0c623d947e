import { Code, Text } from "@mantine/core";
import { useCallback, useMemo } from "react";
import type { Labels } from "../api";
import { LabelSet } from "../components/LabelSet";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { getRelabelSteps } from "../discoveryApi";
import { quote } from "../format/labels";
import { useRequest } from "../state/useRequest";
import classes from "./RelabelSteps.module.css";
import { stepViews, type LabelChange, type StepView } from "./relabeling";

interface Props {
  pool: string;
  discovered: Labels;
  /** What came out; null where the target was dropped. */
  labels: Labels | null;
}

/** The way of one target through the rules of its pool, rule by rule. */
export function RelabelSteps({ pool, discovered, labels }: Props) {
  // Polling the targets makes new objects of the same labels.
  const key = JSON.stringify(discovered);
  const load = useCallback((signal: AbortSignal) => getRelabelSteps(pool, JSON.parse(key) as Labels, signal), [pool, key]);
  const state = useRequest(load);
  const steps = state.answer?.data.steps;
  const views = useMemo(() => (steps ? stepViews(JSON.parse(key) as Labels, steps) : null), [steps, key]);
  return (
    <>
      <RequestNotice state={state} />
      {!views && state.isLoading && <Loading label="Asking for the rules" />}
      {views && (
        <ol className={classes.steps}>
          {views.map((view, index) => (
            <Step key={index} view={view} number={index + 1} />
          ))}
          <li className={classes.step}>
            <Text size="sm" fw={600} mb={4}>
              {views.length === 0 ? "This pool has no rules" : "In the end"}
            </Text>
            <End labels={labels} />
          </li>
        </ol>
      )}
    </>
  );
}

function Step({ view, number }: { view: StepView; number: number }) {
  return (
    <li className={classes.step}>
      <div>
        <Text size="xs" c="dimmed" mb={2}>
          Rule {number}
        </Text>
        <Code block className={classes.rule}>
          {view.rule}
        </Code>
      </div>
      <div>
        <Outcome view={view} />
        {view.changes.length > 0 && (
          <ul className={classes.changes}>
            {view.changes.map((change) => (
              <Change key={change.name} change={change} />
            ))}
          </ul>
        )}
        {view.outcome !== "skipped" && (
          <details className={classes.all}>
            <summary>All labels {view.outcome === "dropped" ? "before" : "after"} it</summary>
            <LabelSet labels={view.output} />
          </details>
        )}
      </div>
    </li>
  );
}

/** What a rule did where it changed no label. */
function Outcome({ view }: { view: StepView }) {
  if (view.outcome === "dropped") {
    return (
      <Text size="sm" fw={600} c="var(--nx-bad)">
        Drops the target
      </Text>
    );
  }
  if (view.outcome === "kept" && view.changes.length > 0) return null;
  return (
    <Text size="sm" c="dimmed">
      {view.outcome === "kept" ? "Changes nothing here" : "Not reached"}
    </Text>
  );
}

const SIGNS: Record<LabelChange["kind"], string> = { added: "+", changed: "±", removed: "−" };

function Change({ change }: { change: LabelChange }) {
  const { kind, name, before, after } = change;
  return (
    <li className={classes[kind]}>
      <span aria-hidden="true">{SIGNS[kind]} </span>
      <span className="nx-hidden">{kind} </span>
      {name}={before !== null && <del>{quote(before)}</del>}
      {before !== null && after !== null && " → "}
      {after !== null && quote(after)}
    </li>
  );
}

function End({ labels }: { labels: Labels | null }) {
  if (labels === null) {
    return (
      <Text size="sm" c="dimmed">
        The target is dropped: it is not scraped.
      </Text>
    );
  }
  return (
    <div>
      <LabelSet labels={labels} />
      <Text size="xs" c="dimmed" mt={4}>
        Labels that begin with two underscores have done their work; <code>instance</code> is the address where no
        rule sets it.
      </Text>
    </div>
  );
}
