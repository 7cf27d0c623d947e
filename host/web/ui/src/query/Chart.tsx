import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import { useSettings } from "../state/settings";
import classes from "./Chart.module.css";
import { chartOptions } from "./chartOptions";
import type { DisplayMode } from "./panel";
import { stack, toDrawable, type PlotData } from "./plotData";
import type { Window } from "./step";

const HEIGHT = 380;

interface Props {
  plot: PlotData;
  window: Window;
  display: DisplayMode;
  /** The names of the visible series; null is all. */
  visible: ReadonlySet<string> | null;
  /** The index of the series that stands out. */
  highlighted: number | null;
  onZoom: (startMs: number, endMs: number) => void;
}

/** Draws series with uPlot. A change of data or look makes a new chart; a change of width resizes it. */
export default function Chart({ plot, window, display, visible, highlighted, onZoom }: Props) {
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  const { zone } = useSettings();
  const scheme = useComputedColorScheme("light");

  const columns = useMemo(() => {
    const isVisible = (index: number) => visible === null || visible.has(plot.series[index]?.name ?? "");
    const drawable = plot.series.map((each) => toDrawable(each.values));
    return display === "stacked"
      ? stack(drawable, isVisible)
      : drawable.map((column, index) => (isVisible(index) ? column : column.map(() => null)));
  }, [plot, display, visible]);

  useEffect(() => {
    zoom.current = onZoom;
  }, [onZoom]);

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const options = chartOptions({
      plot,
      columns,
      window,
      zone,
      isStacked: display === "stacked",
      isDark: scheme === "dark",
      size: { width: element.clientWidth, height: HEIGHT },
      onZoom: (start, end) => zoom.current(start, end),
    });
    const made = new uPlot(options, [plot.times, ...columns] as uPlot.AlignedData, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.current = null;
      made.destroy();
    };
  }, [plot, columns, window, zone, display, scheme]);

  useEffect(() => {
    // uPlot restores all series for null, which its types do not say.
    chart.current?.setSeries((highlighted === null ? null : highlighted + 1) as number, { focus: true });
  }, [highlighted]);

  return <div ref={container} className={classes.chart} style={{ minHeight: HEIGHT }} />;
}
