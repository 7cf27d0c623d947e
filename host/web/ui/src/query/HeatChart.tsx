import "uplot/dist/uPlot.min.css";
import { Group, Text, useComputedColorScheme } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type uPlot from "uplot";
import { formatValue } from "../format/value";
import { useSettings } from "../state/settings";
import classes from "./Chart.module.css";
import { exemplarLayer } from "./exemplarLayer";
import type { ExemplarMark } from "./exemplars";
import { heatGradient } from "./heatColors";
import { heightOf, toHeatmap } from "./heatmap";
import { heatOptions } from "./heatOptions";
import type { HistogramSeries } from "./histograms";
import type { Window } from "./step";
import { PLOT_HEIGHT, usePlot } from "./usePlot";

interface Props {
  histograms: readonly HistogramSeries[];
  /** Seconds since the epoch, one a step. */
  times: readonly number[];
  window: Window;
  /** The names of the visible histograms; null is all. */
  visible: ReadonlySet<string> | null;
  marks: readonly ExemplarMark[];
  onMark: (mark: ExemplarMark) => void;
  onZoom: (startMs: number, endMs: number) => void;
}

/** Draws histograms over time; those that are visible are added up. */
export default function HeatChart({ histograms, times, window, visible, marks, onMark, onZoom }: Props) {
  const calls = useRef({ onMark, onZoom });
  const { zone } = useSettings();
  const isDark = useComputedColorScheme("light") === "dark";
  const heatmap = useMemo(
    () => toHeatmap(histograms, (index) => visible === null || visible.has(histograms[index]?.name ?? "")),
    [histograms, visible],
  );

  useEffect(() => {
    calls.current = { onMark, onZoom };
  }, [onMark, onZoom]);

  const make = useCallback(
    (size: { width: number; height: number }) => ({
      options: heatOptions({
        heatmap,
        times,
        window,
        zone,
        isDark,
        size,
        exemplars: exemplarLayer({
          marks,
          zone,
          heightOf: (value) => heightOf(heatmap.rows, value),
          onSelect: (mark) => calls.current.onMark(mark),
        }),
        onZoom: (start, end) => calls.current.onZoom(start, end),
      }),
      data: [times, times.map(() => 0)] as unknown as uPlot.AlignedData,
    }),
    [heatmap, times, window, zone, isDark, marks],
  );
  const [container] = usePlot(make);

  return (
    <>
      <div
        ref={container}
        role="img"
        aria-label={`Heatmap of ${heatmap.rows.bounds.length - 1} ranges of values over time`}
        className={classes.chart}
        style={{ minHeight: PLOT_HEIGHT }}
      />
      <Group gap={8} px={8} pt={6} justify="flex-end">
        <Text size="xs" c="dimmed">
          few
        </Text>
        <div className={classes.scale} style={{ background: heatGradient(isDark) }} />
        <Text size="xs" c="dimmed">
          {formatValue(heatmap.most)} at most
        </Text>
      </Group>
    </>
  );
}
