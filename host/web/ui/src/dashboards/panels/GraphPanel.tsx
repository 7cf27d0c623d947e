import { lazy, Suspense, useMemo, useState } from "react";
import { toColumns } from "../chart/columns";
import { useDashboard } from "../context";
import { isShownIn } from "../data/annotations";
import type { Field } from "../data/fields";
import { record, oneOf, strings, type Json } from "../json";
import type { TimeRange } from "../range";
import { cutTo } from "./cut";
import { CutNote } from "./CutNote";
import { GraphLegend, type LegendStyle } from "./GraphLegend";
import classes from "./GraphPanel.module.css";

const Graph = lazy(() => import("../chart/Graph"));

interface Props {
  panelKey: string;
  options: Json;
  fields: readonly Field[];
  range: TimeRange;
}

/** More than this is neither readable nor quick to draw. */
const SERIES_MAX = 500;

/** Lines, bars or points over time, with a legend. */
export function GraphPanel({ panelKey, options, fields, range }: Props) {
  const { display, syncKey, onZoom, events } = useDashboard();
  const [visible, setVisible] = useState<ReadonlySet<string> | null>(null);
  const [highlighted, setHighlighted] = useState<string | null>(null);
  const [drawn, cut] = useMemo(
    () => cutTo(fields.filter((field) => !field.config.graph.isHidden), SERIES_MAX, "series"),
    [fields],
  );
  const columns = useMemo(
    () => toColumns(drawn, (index) => visible === null || visible.has(drawn[index]?.key ?? "")),
    [drawn, visible],
  );
  const shownEvents = useMemo(
    () => events.filter(({ annotation }) => isShownIn(annotation, panelKey)),
    [events, panelKey],
  );
  const legend = legendStyle(record(options["legend"]));
  const tooltip = useMemo(() => {
    const style = record(options["tooltip"]);
    return {
      mode: oneOf(style["mode"], ["multi", "single", "none"]),
      sort: oneOf(style["sort"], ["none", "asc", "desc"]),
    } as const;
  }, [options]);
  return (
    <div className={`${classes.panel} ${legend.isRight ? classes.right : classes.bottom}`}>
      <Suspense fallback={<div style={{ flex: 1 }} />}>
        <Graph
          fields={drawn}
          columns={columns}
          range={range}
          events={shownEvents}
          scheme={display.scheme}
          tooltip={tooltip}
          syncKey={syncKey}
          highlighted={highlighted}
          onZoom={onZoom}
        />
      </Suspense>
      <CutNote cut={cut} />
      {legend.isShown && (
        <GraphLegend
          style={legend}
          fields={drawn}
          visible={visible}
          onVisible={setVisible}
          onHighlight={setHighlighted}
        />
      )}
    </div>
  );
}

function legendStyle(json: Json): LegendStyle {
  return {
    isShown: json["showLegend"] !== false && json["displayMode"] !== "hidden",
    isTable: json["displayMode"] === "table",
    isRight: json["placement"] === "right",
    calcs: strings(json["calcs"]),
  };
}
