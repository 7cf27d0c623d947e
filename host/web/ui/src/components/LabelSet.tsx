import { labelPairs } from "../format/labels";
import type { Labels } from "../api";
import classes from "./LabelSet.module.css";

interface Props {
  labels: Labels;
  without?: readonly string[];
  /** Called with the label that is clicked; without it labels are plain text. */
  onPick?: (name: string, value: string) => void;
}

/** Labels as small tags, without the metric name. */
export function LabelSet({ labels, without = [], onPick }: Props) {
  const pairs = labelPairs(labels).filter(([name]) => !without.includes(name));
  if (pairs.length === 0) return null;
  return (
    <span className={classes.set}>
      {pairs.map(([name, value]) => {
        const text = (
          <>
            <span className={classes.name}>{name}</span>=<wbr />
            {`"${value}"`}
          </>
        );
        if (!onPick) {
          return (
            <span key={name} className={classes.label}>
              {text}
            </span>
          );
        }
        return (
          <button
            key={name}
            type="button"
            className={classes.label}
            title="Filter by this label"
            onClick={() => onPick(name, value)}
          >
            {text}
          </button>
        );
      })}
    </span>
  );
}

/** A series as PromQL writes it, with the label names set apart. Breaks only between labels. */
export function SeriesName({ labels }: { labels: Labels }) {
  const pairs = labelPairs(labels);
  const name = labels["__name__"] ?? "";
  return (
    <span className={classes.series}>
      {name}
      {(pairs.length > 0 || name === "") && (
        <>
          {"{"}
          {pairs.map(([key, value], index) => (
            <span key={key}>
              {index > 0 && ", "}
              <span className={classes.name}>{key}</span>={`"${value}"`}
            </span>
          ))}
          {"}"}
        </>
      )}
    </span>
  );
}
