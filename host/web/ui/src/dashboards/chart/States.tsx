import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useSettings } from "../../state/settings";
import type { AnnotationEvent } from "../data/annotations";
import type { TimeRange } from "../range";
import type { Scheme } from "../values/colors";
import classes from "./Graph.module.css";
import { stateOptions, type StateData, type StateStyle } from "./stateOptions";
import type { StateRow } from "./states";

interface Props {
  rows: readonly StateRow[];
  range: TimeRange;
  events: readonly AnnotationEvent[];
  style: StateStyle;
  scheme: Scheme;
  syncKey: string | null;
  onZoom: (fromMs: number, toMs: number) => void;
}

/** Draws rows of states, as large as its place. New samples are put into the chart; a new look makes another. */
export default function States({ rows, range, events, style, scheme, syncKey, onZoom }: Props) {
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const data = useRef<StateData>({ rows, range, events });
  const zoom = useRef(onZoom);
  const { zone } = useSettings();
  const look = JSON.stringify([rows.map((row) => row.name), style, scheme, syncKey, zone]);

  useEffect(() => {
    zoom.current = onZoom;
  }, [onZoom]);

  useEffect(() => {
    data.current = { rows, range, events };
    chart.current?.setData(frameOf(range));
  }, [rows, range, events]);

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const sizeOf = () => ({ width: Math.max(40, element.clientWidth), height: Math.max(40, element.clientHeight) });
    const options = stateOptions({
      current: () => data.current,
      style,
      zone,
      scheme,
      size: sizeOf(),
      syncKey,
      onZoom: (from, to) => zoom.current(from, to),
    });
    const made = new uPlot(options, frameOf(data.current.range), element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize(sizeOf()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.current = null;
      made.destroy();
    };
    // `look` stands for all that the options are made of.
  }, [look]);

  return (
    <div className={classes.graph} style={{ height: "100%" }}>
      <div ref={container} aria-hidden="true" />
    </div>
  );
}

/** uPlot is given the ends of time alone. */
function frameOf({ fromMs, toMs }: TimeRange): uPlot.AlignedData {
  return [[fromMs / 1000, toMs / 1000], [0, 0]];
}
