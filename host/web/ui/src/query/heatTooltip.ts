/** A uPlot plugin: what was seen in the cell under the pointer. */
import uPlot from "uplot";
import type { Zone } from "../format/time";
import { formatValue } from "../format/value";
import classes from "./Chart.module.css";
import { rowAt, type Heatmap } from "./heatmap";
import { element, place, timeLine } from "./tooltip";

interface Source {
  heatmap: Heatmap;
  /** Seconds since the epoch, one a column. */
  times: readonly number[];
  zone: Zone;
  /** Whether something else has the pointer. */
  isMuted: () => boolean;
}

export function heatTooltip({ heatmap, times, zone, isMuted }: Source): uPlot.Plugin {
  const box = element("div", classes.tooltip, "");
  const hide = () => {
    box.style.display = "none";
  };

  const show = (chart: uPlot) => {
    const { idx: at, left = -1, top = -1 } = chart.cursor;
    const column = at === null || at === undefined ? null : heatmap.columns[at];
    if (!column || at === null || at === undefined || left < 0 || isMuted()) return hide();
    const row = rowAt(heatmap.rows, chart.posToVal(top, "y"));
    const count = column[row] ?? 0;
    const total = column.reduce((sum, each) => sum + each, 0);
    box.replaceChildren(
      timeLine((times[at] ?? 0) * 1000, zone),
      element("div", classes.value, formatValue(count)),
      element("div", undefined, rangeText(heatmap, row)),
      element("div", classes.time, shareText(count, total)),
    );
    box.style.display = "block";
    place(box, chart.over, left, top);
  };

  return {
    hooks: {
      init: (chart) => {
        hide();
        chart.over.append(box);
        chart.over.addEventListener("mouseleave", hide);
      },
      setCursor: show,
    },
  };
}

function shareText(count: number, total: number): string {
  if (total <= 0) return "nothing at this time";
  const percent = (100 * count) / total;
  return `${percent > 0 && percent < 1 ? "<1" : Math.round(percent)} % of ${formatValue(total)}`;
}

function rangeText({ rows }: Heatmap, row: number): string {
  const [low, high] = [rows.bounds[row] ?? 0, rows.bounds[row + 1] ?? 0];
  if (!Number.isFinite(low)) return `up to ${formatValue(high)}`;
  if (!Number.isFinite(high)) return `above ${formatValue(low)}`;
  return `from ${formatValue(low)} to ${formatValue(high)}`;
}
