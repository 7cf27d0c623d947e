import { useState, type MouseEvent, type ReactNode } from "react";
import { isolate, toggle } from "../../query/visibility";
import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { LinkMenu } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import { valueText } from "../values/display";
import { reducerOf } from "../values/reducers";
import classes from "./GraphPanel.module.css";
import { sortFields, type LegendOrder } from "./legendOrder";

export interface LegendStyle {
  isShown: boolean;
  isTable: boolean;
  isRight: boolean;
  /** Names of reducers. */
  calcs: string[];
}

interface Props {
  style: LegendStyle;
  fields: readonly Field[];
  /** The keys of the visible fields; null is all. */
  visible: ReadonlySet<string> | null;
  onVisible: (visible: ReadonlySet<string> | null) => void;
  onHighlight: (key: string | null) => void;
}

/** The series of a graph: a click shows one alone, with Ctrl or Cmd it switches one. */
export function GraphLegend({ style, fields, visible, onVisible, onHighlight }: Props) {
  const shown = fields.filter((field) => !field.config.graph.isHiddenInLegend);
  const keys = fields.map((field) => field.key);
  const linksOf = useFieldLinks();
  const entry = (field: Field) => {
    const click = (event: MouseEvent) => {
      const isSwitch = event.ctrlKey || event.metaKey || event.shiftKey;
      onVisible(isSwitch ? toggle(visible, keys, field.key) : isolate(visible, field.key));
    };
    const last = field.series.values.findLastIndex((value) => value !== null);
    const links = linksOf(field, field.series.values[last] ?? null, last);
    const button = (
      <button
        type="button"
        className={classes.entry}
        aria-pressed={visible === null || visible.has(field.key)}
        title="Click: only this series, again: all. Ctrl or Cmd and click: switch this series."
        onClick={click}
        onMouseEnter={() => onHighlight(field.key)}
        onFocus={() => onHighlight(field.key)}
        onBlur={() => onHighlight(null)}
      >
        <span className={classes.swatch} style={{ background: field.color }} />
        <span>{field.name || "(no name)"}</span>
      </button>
    );
    return links.length === 0 ? (
      button
    ) : (
      <>
        {button}
        <LinkMenu links={links} name={field.name} />
      </>
    );
  };
  return (
    <div className={classes.legend} onMouseLeave={() => onHighlight(null)} tabIndex={-1}>
      {style.isTable ? (
        <LegendTable style={style} fields={shown} entry={entry} />
      ) : (
        <div className={classes.list}>
          {shown.map((field) => (
            <span key={field.key}>
              {entry(field)}
              {style.calcs.length > 0 && <Figures field={field} calcs={style.calcs} />}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function Figures({ field, calcs }: { field: Field; calcs: readonly string[] }) {
  const { display } = useDashboard();
  return (
    <span style={{ color: "var(--mantine-color-dimmed)" }}>
      {calcs.map((calc) => ` ${reducerOf(calc).label}: ${figure(field, calc, display.zone)}`).join(" ")}
    </span>
  );
}

function figure(field: Field, calc: string, zone: "local" | "utc"): string {
  const reducer = reducerOf(calc);
  const value = reducer.reduce(field.series.values);
  if (value === null) return "–";
  return valueText(value, reducer.keepsUnit ? field.config : { ...field.config, unit: "", mappings: [] }, zone);
}

interface TableProps {
  style: LegendStyle;
  fields: readonly Field[];
  entry: (field: Field) => ReactNode;
}

function LegendTable({ style, fields, entry }: TableProps) {
  const { display } = useDashboard();
  const [order, setOrder] = useState<LegendOrder | null>(null);
  // First the largest, then the smallest, then as they were.
  const sortBy = (calc: string) =>
    setOrder(
      order?.calc !== calc ? { calc, isAscending: false } : order.isAscending ? null : { calc, isAscending: true },
    );
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">
            <span className="nx-hidden">Series</span>
          </th>
          {style.calcs.map((calc) => (
            <th
              key={calc}
              scope="col"
              aria-sort={order?.calc !== calc ? "none" : order.isAscending ? "ascending" : "descending"}
            >
              <button type="button" className={classes.calc} onClick={() => sortBy(calc)}>
                {reducerOf(calc).label}
                {order?.calc === calc && (order.isAscending ? " ↑" : " ↓")}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sortFields(fields, order).map((field) => (
          <tr key={field.key}>
            <th scope="row">{entry(field)}</th>
            {style.calcs.map((calc) => (
              <td key={calc}>{figure(field, calc, display.zone)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
