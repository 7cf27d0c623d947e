import { formatLabelName, labelPairs, quote, seriesParts } from "../format/labels";
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
            <span className={classes.name}>{formatLabelName(name)}</span>=<wbr />
            {quote(value)}
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
  const { name, entries } = seriesParts(labels);
  return (
    <span className={classes.series}>
      {name}
      {(entries.length > 0 || name === "") && (
        <>
          {"{"}
          {entries.map((entry, index) => (
            <span key={index}>
              {index > 0 && ", "}
              {entry.name !== null && (
                <>
                  <span className={classes.name}>{entry.name}</span>=
                </>
              )}
              {entry.value}
            </span>
          ))}
          {"}"}
        </>
      )}
    </span>
  );
}
