import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useSettings } from "../../state/settings";
import type { AnnotationEvent } from "../data/annotations";
import type { Field } from "../data/fields";
import type { TimeRange } from "../range";
import type { Scheme } from "../values/colors";
import type { Columns } from "./columns";
import classes from "./Graph.module.css";
import { graphOptions, type GraphData } from "./graphOptions";
import type { TooltipStyle } from "./graphTooltip";

interface Props {
  fields: readonly Field[];
  columns: Columns;
  range: TimeRange;
  events: readonly AnnotationEvent[];
  scheme: Scheme;
  tooltip: TooltipStyle;
  syncKey: string | null;
  /** The key of the field that stands out. */
  highlighted: string | null;
  onZoom: (fromMs: number, toMs: number) => void;
}

/** Draws fields with uPlot, as large as its place. New samples are put into the chart; a new look makes another. */
export default function Graph(props: Props) {
  const { fields, columns, range, events, scheme, tooltip, syncKey, highlighted, onZoom } = props;
  const container = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const data = useRef<GraphData>({ fields, columns, range, events });
  const zoom = useRef(onZoom);
  const { zone } = useSettings();
  const look = JSON.stringify([
    fields.map((each) => [each.key, each.color, each.config]),
    columns.below,
    scheme,
    tooltip,
    syncKey,
    zone,
  ]);

  useEffect(() => {
    zoom.current = onZoom;
  }, [onZoom]);

  useEffect(() => {
    data.current = { fields, columns, range, events };
    chart.current?.setData(toData(columns));
  }, [fields, columns, range, events]);

  useEffect(() => {
    const element = container.current;
    if (!element) return;
    const sizeOf = () => ({ width: Math.max(40, element.clientWidth), height: Math.max(40, element.clientHeight) });
    const options = graphOptions({
      current: () => data.current,
      zone,
      scheme,
      tooltip,
      syncKey,
      size: sizeOf(),
      onZoom: (from, to) => zoom.current(from, to),
    });
    const made = new uPlot(options, toData(data.current.columns), element);
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

  useEffect(() => {
    const index = fields.findIndex((each) => each.key === highlighted);
    // uPlot restores all series for null, which its types do not say.
    chart.current?.setSeries((index < 0 ? null : index + 1) as number, { focus: true });
  }, [highlighted, fields]);

  return (
    <div className={classes.graph}>
      <div ref={container} />
    </div>
  );
}

function toData(columns: Columns): uPlot.AlignedData {
  return [columns.times, ...columns.drawn] as uPlot.AlignedData;
}
