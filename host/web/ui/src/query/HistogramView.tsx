import type { HistogramValue } from "../api";
import { formatValue } from "../format/value";
import { bucketTexts, histogramBars } from "./histogramBars";
import classes from "./HistogramView.module.css";

const HEIGHT = 56;
/** A bucket with little in it is still seen. */
const BAR_MIN = 1.5;

/** A native histogram of the table: its shape, and its buckets on demand. */
export function HistogramView({ value }: { value: HistogramValue }) {
  const bars = histogramBars(value);
  if (bars.length === 0) return null;
  const first = bars[0]?.low ?? 0;
  const last = bars.at(-1)?.high ?? 0;
  return (
    <div className={classes.view}>
      <svg
        className={classes.bars}
        viewBox={`0 0 100 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of ${bars.length} buckets from ${formatValue(first)} to ${formatValue(last)}`}
      >
        {bars.map((bar) => {
          const height = Math.max(BAR_MIN, bar.height * HEIGHT);
          return (
            <rect key={bar.low} x={bar.left * 100} y={HEIGHT - height} width={bar.width * 100} height={height}>
              <title>{`${formatValue(bar.low)} to ${formatValue(bar.high)}: ${formatValue(bar.count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className={classes.ends}>
        <span>{formatValue(first)}</span>
        <span>{formatValue(last)}</span>
      </div>
      <details>
        <summary className={classes.summary}>Buckets</summary>
        <div className={classes.list} tabIndex={0} role="region" aria-label="Buckets">
          <table className={classes.buckets}>
            <tbody>
              {bucketTexts(value).map(([range, count]) => (
                <tr key={range}>
                  <td>{range}</td>
                  <td>{count}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
