/** A uPlot plugin: exemplars as small marks over a chart. Their tooltip goes before that of the series. */
import uPlot from "uplot";
import type { Zone } from "../format/time";
import { formatValue } from "../format/value";
import classes from "./Chart.module.css";
import { nearestMark, type ExemplarMark } from "./exemplars";
import { element, labelLines, place, timeLine } from "./tooltip";

interface Source {
  marks: readonly ExemplarMark[];
  zone: Zone;
  /** The value's place on the axis, which need not be the value itself. */
  heightOf: (value: number) => number;
  onSelect: (mark: ExemplarMark) => void;
}

interface MarkPlace {
  left: number;
  top: number;
  /** Where the value lies if not on the axis. */
  outside: "above" | "below" | null;
}

export interface ExemplarLayer {
  plugin: uPlot.Plugin;
  /** Whether the pointer is at a mark. */
  isPointedAt: () => boolean;
}

const RADIUS = 5;
const REACH = 9;

export function exemplarLayer({ marks, zone, heightOf, onSelect }: Source): ExemplarLayer {
  const box = element("div", classes.tooltip, "");
  let places: MarkPlace[] = [];
  let pointed: number | null = null;

  const locate = (chart: uPlot) => {
    const height = chart.over.clientHeight;
    places = marks.map(({ atMs, value }) => {
      const top = chart.valToPos(heightOf(value), "y");
      return {
        left: chart.valToPos(atMs / 1000, "x"),
        // What lies outside of the axis stays in sight, at its edge.
        top: Math.min(height - RADIUS, Math.max(RADIUS, top)),
        outside: top < 0 ? "above" : top > height ? "below" : null,
      };
    });
  };

  const draw = (chart: uPlot) => {
    locate(chart);
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    const style = getComputedStyle(document.documentElement);
    ctx.save();
    ctx.fillStyle = style.getPropertyValue("--nx-exemplar");
    ctx.strokeStyle = style.getPropertyValue("--nx-surface");
    ctx.lineWidth = 1.5 * ratio;
    for (const { left, top, outside } of places) {
      shape(ctx, bbox.left + left * ratio, bbox.top + top * ratio, RADIUS * ratio, outside);
    }
    ctx.restore();
  };

  const point = (chart: uPlot) => {
    const { left = -1, top = -1 } = chart.cursor;
    pointed = left < 0 ? null : nearestMark(places, { left, top }, REACH);
    const mark = pointed === null ? undefined : marks[pointed];
    const at = pointed === null ? undefined : places[pointed];
    chart.over.style.cursor = mark ? "pointer" : "";
    if (!mark || !at) {
      box.style.display = "none";
      return;
    }
    box.replaceChildren(...content(mark, zone));
    box.style.display = "block";
    place(box, chart.over, at.left, at.top);
  };

  return {
    isPointedAt: () => pointed !== null,
    plugin: {
      hooks: {
        init: (chart) => {
          box.style.display = "none";
          chart.over.append(box);
          chart.over.addEventListener("click", () => {
            const mark = pointed === null ? undefined : marks[pointed];
            if (mark) onSelect(mark);
          });
        },
        draw,
        setCursor: point,
      },
    },
  };
}

/** A diamond; a triangle where the value lies further on in the direction that it points to. */
function shape(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number, outside: MarkPlace["outside"]): void {
  const tip = outside === "below" ? radius : -radius;
  ctx.beginPath();
  ctx.moveTo(x, y + tip);
  ctx.lineTo(x + radius, outside === null ? y : y - tip);
  if (outside === null) ctx.lineTo(x, y + radius);
  ctx.lineTo(x - radius, outside === null ? y : y - tip);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}

function content(mark: ExemplarMark, zone: Zone): HTMLElement[] {
  const heading = element("div", classes.value, `Exemplar ${formatValue(mark.value)}`);
  const hint = element("div", classes.time, "Click: show it below");
  return [timeLine(mark.atMs, zone), heading, labelLines(mark.labels), element("div", classes.rule, ""), labelLines(mark.series), hint];
}
