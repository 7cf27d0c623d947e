import { humanizeSeconds } from "../../format/duration";
import { formatLabelName } from "../../format/labels";
import { count } from "../../format/value";
import { RESULTS_MAX, type Outcome, type Part } from "./parts";
import classes from "./PartTree.module.css";

/** Labels are told at a part up to so many; all of them stand in its notes. */
const LABELS_SHOWN = 6;

interface Props {
  parts: readonly Part[];
  outcomes: ReadonlyMap<string, Outcome>;
  /** The id of the part whose notes are shown. */
  selected: string;
  onSelect: (id: string) => void;
}

/** Parts with what came of each; those below are inset. */
export function PartTree({ parts, outcomes, selected, onSelect }: Props) {
  return (
    <ul className={classes.list}>
      {parts.map((part) => (
        <li key={part.id}>
          <div className={classes.row}>
            <button type="button" className={classes.part} aria-pressed={part.id === selected} onClick={() => onSelect(part.id)}>
              {part.title}
            </button>
            <OutcomeText outcome={outcomes.get(part.id) ?? { state: "waiting" }} />
          </div>
          {part.children.length > 0 && (
            <PartTree parts={part.children} outcomes={outcomes} selected={selected} onSelect={onSelect} />
          )}
        </li>
      ))}
    </ul>
  );
}

function OutcomeText({ outcome }: { outcome: Outcome }) {
  switch (outcome.state) {
    case "waiting":
      return <span className={classes.outcome}>waits for those below</span>;
    case "running":
      return <span className={classes.outcome}>running …</span>;
    case "blocked":
      return <span className={classes.outcome}>not run: one below failed</span>;
    case "failed":
      return <span className={`${classes.outcome} ${classes.failed}`}>failed: {outcome.error.message}</span>;
    case "done": {
      const { results, labels } = outcome.summary;
      return (
        <span className={classes.outcome}>
          {outcome.isCut ? `more than ${count(RESULTS_MAX, "result", "results")}` : count(results, "result", "results")},{" "}
          {humanizeSeconds(outcome.tookMs / 1000)}
          {labels.slice(0, LABELS_SHOWN).map((label) => (
            <span key={label.name} className={classes.label}>
              <b>{formatLabelName(label.name)}</b> {label.values}
              <span className="nx-hidden"> {label.values === 1 ? "value" : "values"}</span>
            </span>
          ))}
          {labels.length > LABELS_SHOWN && <span className={classes.label}>and {labels.length - LABELS_SHOWN} more labels</span>}
        </span>
      );
    }
  }
}
