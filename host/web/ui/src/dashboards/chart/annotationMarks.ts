/** Events over a graph: a line for a moment, a band for what lasts, and which of them the pointer is at. */
import uPlot from "uplot";
import type { AnnotationEvent } from "../data/annotations";
import { colorOf, visibleOn, withAlpha, type Scheme } from "../values/colors";

/** How near the pointer must be, in pixels. */
const REACH = 6;
const FLAG_PIXELS = 5;

export function eventColor({ annotation }: AnnotationEvent, scheme: Scheme): string {
  return visibleOn(colorOf(annotation.color, scheme), scheme.surface);
}

export function drawEvents(chart: uPlot, events: readonly AnnotationEvent[], scheme: Scheme): void {
  const { left, top, width, height } = chart.bbox;
  const { ctx } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const event of events) {
    const color = eventColor(event, scheme);
    const [from, to] = [event.startMs, event.endMs].map((ms) => chart.valToPos(ms / 1000, "x", true)) as [
      number,
      number,
    ];
    if (to < left || from > left + width) continue;
    if (to > from) {
      ctx.fillStyle = withAlpha(color, 0.12);
      ctx.fillRect(from, top, to - from, height);
    }
    for (const x of to > from ? [from, to] : [from]) drawLine(chart, x, color);
  }
  ctx.restore();
}

/** Dashed, with a flag at its foot, so that it is no line of the grid. */
function drawLine({ ctx, bbox: { top, height } }: uPlot, x: number, color: string): void {
  const ratio = uPlot.pxRatio;
  const foot = top + height;
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, foot);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x - FLAG_PIXELS * ratio, foot);
  ctx.lineTo(x + FLAG_PIXELS * ratio, foot);
  ctx.lineTo(x, foot - 1.6 * FLAG_PIXELS * ratio);
  ctx.fill();
}

/** The events at the pointer: those that last over it, or whose line is near. */
export function eventsAt(chart: uPlot, events: readonly AnnotationEvent[], left: number): AnnotationEvent[] {
  const at = (ms: number) => chart.valToPos(ms / 1000, "x");
  return events.filter(({ startMs, endMs }) => left >= at(startMs) - REACH && left <= at(endMs) + REACH);
}
