import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import { exemplarLayer } from "../../query/exemplarLayer";
import { heightOf, toHeatmap } from "../../query/heatmap";
import { heatOptions } from "../../query/heatOptions";
import type { HistogramSeries } from "../../query/histograms";
import type { Window } from "../../query/step";
import { useSettings } from "../../state/settings";
import classes from "./Graph.module.css";

interface Props {
  histograms: readonly HistogramSeries[];
  window: Window;
  isDark: boolean;
  onZoom: (fromMs: number, toMs: number) => void;
}

/** Draws histograms over time as the query page does, as large as its place. */
export default function Heat({ histograms, window, isDark, onZoom }: Props) {
  const container = useRef<HTMLDivElement>(null);
  const zoom = useRef(onZoom);
  const { zone } = useSettings();
  const heatmap = useMemo(() => toHeatmap(histograms, () => true), [histograms]);

  useEffect(() => {
    zoom.current = onZoom;
  }, [onZoom]);

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const times = heatmap.columns.map((_column, index) => (window.startMs + index * window.stepMs) / 1000);
    const sizeOf = () => ({ width: Math.max(40, element.clientWidth), height: Math.max(40, element.clientHeight) });
    const options = heatOptions({
      heatmap,
      times,
      window,
      zone,
      isDark,
      size: sizeOf(),
      exemplars: exemplarLayer({
        marks: [],
        zone,
        heightOf: (value) => heightOf(heatmap.rows, value),
        onSelect: () => undefined,
      }),
      onZoom: (from, to) => zoom.current(from, to),
    });
    const made = new uPlot(options, [times, times.map(() => 0)], element);
    const observer = new ResizeObserver(() => made.setSize(sizeOf()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [heatmap, window, zone, isDark]);

  return (
    <div
      className={classes.graph}
      style={{ height: "100%" }}
      role="img"
      aria-label={`Heatmap of ${heatmap.rows.bounds.length - 1} ranges of values over time`}
    >
      <div ref={container} />
    </div>
  );
}
