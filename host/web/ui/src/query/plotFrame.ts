/** What all charts have in common: the axis of time, the zoom, the look of axes. */
import uPlot from "uplot";
import type { Zone } from "../format/time";
import type { Window } from "./step";

export interface Frame {
  window: Window;
  zone: Zone;
  isDark: boolean;
  size: { width: number; height: number };
  onZoom: (startMs: number, endMs: number) => void;
}

/** A drag shorter than this is a click. */
const DRAG_PIXELS_MIN = 6;

type FrameOptions = Pick<uPlot.Options, "width" | "height" | "tzDate" | "legend" | "cursor" | "hooks">;

export function frameOptions({ zone, size, onZoom }: Pick<Frame, "zone" | "size" | "onZoom">): FrameOptions {
  return {
    ...size,
    tzDate: (seconds) => zonedDate(seconds, zone),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: DRAG_PIXELS_MIN } },
    hooks: {
      setSelect: [
        (made) => {
          if (made.select.width < DRAG_PIXELS_MIN) return;
          const from = made.posToVal(made.select.left, "x");
          const to = made.posToVal(made.select.left + made.select.width, "x");
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onZoom(from * 1000, to * 1000);
        },
      ],
    },
  };
}

/** The window that was asked for, also where there is no data. */
export function timeScale({ window }: Frame): uPlot.Scale {
  return { time: true, range: () => [window.startMs / 1000, window.endMs / 1000] };
}

export interface AxisLook {
  stroke: string;
  font: string;
  grid: { stroke: string; width: number };
}

export function axisLook({ isDark }: Frame): AxisLook {
  const style = getComputedStyle(document.documentElement);
  return {
    stroke: isDark ? "#a09a91" : "#6b665f",
    font: `12px ${style.getPropertyValue("--mantine-font-family")}`,
    grid: { stroke: style.getPropertyValue("--nx-grid"), width: 1 },
  };
}

export function timeAxis(look: AxisLook): uPlot.Axis {
  return { ...look, ticks: look.grid, values: TIME_TICKS };
}

/** The room that labels of the other axis need. */
export function labelsWidth(_chart: uPlot, labels: string[] | null): number {
  return 16 + 7.2 * Math.max(3, ...(labels ?? []).map((label) => label.length));
}

function zonedDate(seconds: number, zone: Zone): Date {
  const date = new Date(seconds * 1000);
  return zone === "utc" ? uPlot.tzDate(date, "Etc/UTC") : date;
}

/** Tick formats by distance, with the date where it changes. 24 hours, year first. */
export const TIME_TICKS: uPlot.Axis.Values = [
  // distance in seconds, format, then what is added at a change of: year, month, day, hour, minute, second; mode
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [0.001, "{ss}.{fff}", "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{MM}-{DD} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
];
