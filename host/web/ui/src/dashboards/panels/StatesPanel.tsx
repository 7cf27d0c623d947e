import { lazy, Suspense, useMemo } from "react";
import { sharesOf, historyRows, timelineRows, type StateRow, type StateShare } from "../chart/states";
import type { StateStyle } from "../chart/stateOptions";
import { useDashboard } from "../context";
import { isShownIn } from "../data/annotations";
import type { Field } from "../data/fields";
import { flag, number, oneOf, record, type Json } from "../json";
import { LinkMenu } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import type { TimeRange } from "../range";
import { percentText } from "../values/units";
import { cutTo } from "./cut";
import { CutNote } from "./CutNote";
import graph from "./GraphPanel.module.css";
import { NoData } from "./NoData";
import classes from "./StatesPanel.module.css";

const States = lazy(() => import("../chart/States"));

interface Props {
  options: Json;
  fields: readonly Field[];
  range: TimeRange;
  panelKey: string;
  title: string;
  /** Whether each sample is a mark of its own. */
  isHistory: boolean;
}

/** More rows are no picture; more names of states are no legend. */
const ROWS_MAX = 200;
const STATES_MAX = 24;
/** A row is at least this high: where there are many, the panel scrolls. */
const ROW_PIXELS = 12;
const AXIS_PIXELS = 40;

/** Which state each series had, over time. */
export function StatesPanel({ options, fields, range, panelKey, title, isHistory }: Props) {
  const { display, syncKey, onZoom, events } = useDashboard();
  const isMerged = flag(options["mergeValues"], true);
  const [drawn, cut] = useMemo(() => cutTo(fields.filter((field) => !field.config.graph.isHidden), ROWS_MAX, "series"), [fields]);
  const rows = useMemo(
    () => (isHistory ? historyRows(drawn, range, display) : timelineRows(drawn, range, isMerged, display)),
    [drawn, range, isHistory, isMerged, display],
  );
  const shownEvents = useMemo(
    () => events.filter(({ annotation }) => isShownIn(annotation, panelKey)),
    [events, panelKey],
  );
  const shares = useMemo(() => sharesOf(rows), [rows]);
  const legend = record(options["legend"]);
  const hasLegend = legend["showLegend"] !== false && legend["displayMode"] !== "hidden";
  const isRight = legend["placement"] === "right";
  const style = useMemo(() => styleOf(options, drawn, isHistory), [options, drawn, isHistory]);
  if (rows.every((row) => row.spans.length === 0)) return <NoData />;
  return (
    <div className={`${graph.panel} ${isRight ? graph.right : graph.bottom}`}>
      <div className={classes.rows} tabIndex={0} role="region" aria-label={`States of ${title || "this panel"}`}>
        <StateTable rows={rows} title={title} />
        <div style={{ height: "100%", minHeight: rows.length * ROW_PIXELS + AXIS_PIXELS }}>
          <Suspense fallback={null}>
            <States rows={rows} range={range} events={shownEvents} style={style} scheme={display.scheme} syncKey={syncKey} onZoom={onZoom} />
          </Suspense>
        </div>
      </div>
      <CutNote cut={cut} />
      {hasLegend && <StateLegend shares={shares} />}
      <RowLinks rows={rows} />
    </div>
  );
}

function styleOf(options: Json, fields: readonly Field[], isHistory: boolean): StateStyle {
  const style = fields[0]?.config.graph;
  return {
    rowShare: number(options["rowHeight"]) ?? 0.9,
    columnShare: isHistory ? (number(options["colWidth"]) ?? 0.9) : 1,
    // Said nothing, states are not drawn as lightly as areas of graphs.
    fillOpacity: style?.fillOpacity || 70,
    lineWidth: isHistory ? (style?.lineWidth ?? 1) : 0,
    showsValue: oneOf(options["showValue"], ["auto", "always", "never"]),
    align: oneOf(options["alignValue"], ["left", "center", "right"]),
    hasTooltip: record(options["tooltip"])["mode"] !== "none",
  };
}

function StateLegend({ shares }: { shares: readonly StateShare[] }) {
  const shown = shares.slice(0, STATES_MAX);
  return (
    <ul className={`${graph.legend} ${classes.legend}`}>
      {shown.map(({ text, color }) => (
        <li key={`${color} ${text}`}>
          <span className={graph.swatch} style={{ background: color }} />
          {text}
        </li>
      ))}
      {shares.length > shown.length && <li>and {shares.length - shown.length} more</li>}
    </ul>
  );
}

/** Links of series, for their last state. */
function RowLinks({ rows }: { rows: readonly StateRow[] }) {
  const linksOf = useFieldLinks();
  const linked = rows.filter(({ field, spans }) => field.config.links.length > 0 && spans.length > 0).slice(0, STATES_MAX);
  if (linked.length === 0) return null;
  return (
    <ul className={`${graph.legend} ${classes.legend}`}>
      {linked.map(({ key, name, field, spans }) => (
        <li key={key}>
          {name}
          <LinkMenu links={linksOf(field, spans.at(-1)?.cell ?? null, field.series.times.length - 1)} name={name} />
        </li>
      ))}
    </ul>
  );
}

/** The picture in words: the last state of each row, and how much of the time it was in which. */
function StateTable({ rows, title }: { rows: readonly StateRow[]; title: string }) {
  return (
    <div className="nx-hidden">
      <table>
        <caption>{`States of ${title || "this panel"}`}</caption>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">Last state</th>
            <th scope="col">Parts of the time</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{row.name}</th>
              <td>{row.spans.at(-1)?.text ?? "none"}</td>
              <td>{partsText(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function partsText(row: StateRow): string {
  const shares = sharesOf([row]);
  const whole = shares.reduce((sum, { totalMs }) => sum + totalMs, 0);
  const parts = shares.slice(0, STATES_MAX).map(({ text, totalMs }) => `${text} ${percentText(totalMs / (whole || 1))}`);
  return [...parts, ...(shares.length > parts.length ? [`and ${shares.length - parts.length} more`] : [])].join(", ");
}
