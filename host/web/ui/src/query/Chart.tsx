import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type uPlot from "uplot";
import { useSettings } from "../state/settings";
import classes from "./Chart.module.css";
import { chartOptions } from "./chartOptions";
import { exemplarLayer } from "./exemplarLayer";
import type { ExemplarMark } from "./exemplars";
import { graphName, stack, toDrawable, type PlotData } from "./plotData";
import type { Window } from "./step";
import { PLOT_HEIGHT, usePlot } from "./usePlot";

interface Props {
  plot: PlotData;
  window: Window;
  isStacked: boolean;
  axisMin: number | null;
  /** The names of the visible series; null is all. */
  visible: ReadonlySet<string> | null;
  /** The index of the series that stands out. */
  highlighted: number | null;
  marks: readonly ExemplarMark[];
  onMark: (mark: ExemplarMark) => void;
  onZoom: (startMs: number, endMs: number) => void;
}

/** Draws series with uPlot. A change of data or look makes a new chart; a change of width resizes it. */
export default function Chart({ plot, window, isStacked, axisMin, visible, highlighted, marks, onMark, onZoom }: Props) {
  const calls = useRef({ onMark, onZoom });
  const { zone } = useSettings();
  const isDark = useComputedColorScheme("light") === "dark";

  const columns = useMemo(() => {
    const isVisible = (index: number) => visible === null || visible.has(plot.series[index]?.name ?? "");
    const drawable = plot.series.map((each) => toDrawable(each.values));
    return isStacked
      ? stack(drawable, isVisible)
      : drawable.map((column, index) => (isVisible(index) ? column : column.map(() => null)));
  }, [plot, isStacked, visible]);

  useEffect(() => {
    calls.current = { onMark, onZoom };
  }, [onMark, onZoom]);

  const make = useCallback(
    (size: { width: number; height: number }) => ({
      options: chartOptions({
        plot,
        columns,
        window,
        zone,
        isStacked,
        axisMin,
        isDark,
        size,
        exemplars: exemplarLayer({
          marks,
          zone,
          heightOf: (value) => value,
          onSelect: (mark) => calls.current.onMark(mark),
        }),
        onZoom: (start, end) => calls.current.onZoom(start, end),
      }),
      data: [plot.times, ...columns] as uPlot.AlignedData,
    }),
    [plot, columns, window, zone, isStacked, axisMin, isDark, marks],
  );
  const [container, chart] = usePlot(make);

  useEffect(() => {
    // uPlot restores all series for null, which its types do not say.
    chart.current?.setSeries((highlighted === null ? null : highlighted + 1) as number, { focus: true });
  }, [highlighted, chart]);

  const shown = visible === null ? plot.series.length : plot.series.filter((each) => visible.has(each.name)).length;
  return (
    <div
      ref={container}
      role="img"
      aria-label={graphName(shown, plot.series.length, window, zone)}
      className={classes.chart}
      style={{ minHeight: PLOT_HEIGHT }}
    />
  );
}
