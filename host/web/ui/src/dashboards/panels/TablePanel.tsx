import { useMemo, useState, type CSSProperties } from "react";
import { useBounded } from "../../components/useBounded";
import { useDashboard } from "../context";
import { configFor } from "../data/fields";
import { merge } from "../data/join";
import { sortTable } from "../data/order";
import type { Series } from "../data/series";
import { tablesOf, type Cell, type Column, type Table } from "../data/table";
import { transform } from "../data/transform";
import { flag, records, text } from "../json";
import type { LinkSubject } from "../links/address";
import { Linked } from "../links/LinkTo";
import { useLinks } from "../links/useLinks";
import type { FieldConfig, Panel } from "../model";
import { readableOn, textOn } from "../values/colors";
import { boundsOf, showValue, type Bounds, type DisplayContext } from "../values/display";
import { joinFormatted } from "../values/units";
import { NoData } from "./NoData";
import classes from "./TablePanel.module.css";

const ROWS_AT_ONCE = 100;

interface Order {
  name: string;
  isDescending: boolean;
}

interface ShownColumn {
  column: Column;
  config: FieldConfig;
  bounds: Bounds;
  title: string;
}

/** Series in rows and columns, sorted by a click on a heading. */
export function TablePanel({ panel, series }: { panel: Panel; series: readonly Series[] }) {
  const { display } = useDashboard();
  const [order, setOrder] = useState<Order | null>(initialOrder(panel));
  const { tables, unknown } = useMemo(() => transform(tablesOf(series), panel.transformations), [series, panel]);
  const table = useMemo(() => merge(tables)[0], [tables]);
  const columns = useMemo(() => shownColumns(panel, table), [panel, table]);
  const sorted = useMemo(() => sortedBy(table, columns, order), [table, columns, order]);
  if (!sorted || sorted.columns.length === 0) return <NoData />;
  const sortBy = (name: string) =>
    setOrder(
      order?.name !== name ? { name, isDescending: false } : order.isDescending ? null : { name, isDescending: true },
    );
  return (
    <>
      {unknown.length > 0 && <p className={classes.note}>Not applied here: {unknown.join(", ")}.</p>}
      <DataTable
        table={sorted}
        columns={columns}
        order={order}
        onSort={sortBy}
        hasHeader={flag(panel.options["showHeader"], true)}
        title={panel.title || "this panel"}
        display={display}
      />
    </>
  );
}

interface TableProps {
  table: Table;
  columns: readonly ShownColumn[];
  order: Order | null;
  onSort: (name: string) => void;
  hasHeader: boolean;
  /** For assistive technology. */
  title: string;
  display: DisplayContext;
}

function DataTable({ table, columns, order, onSort, hasHeader, title, display }: TableProps) {
  const rows = table.columns[0]?.values.map((_value, row) => row) ?? [];
  const [shown, more] = useBounded(rows, ROWS_AT_ONCE);
  const values = new Map(table.columns.map((column) => [column.name, column.values]));
  return (
    <div className={classes.frame} tabIndex={0} role="region" aria-label={`Rows of ${title}`}>
      <table className={classes.table}>
        {hasHeader && (
          <thead>
            <tr>
              {columns.map(({ column, title: heading, config }) => (
                <th
                  key={column.name}
                  scope="col"
                  style={{
                    textAlign: alignOf(column, config),
                    ...(config.cell.width === null ? {} : { width: config.cell.width }),
                  }}
                  aria-sort={order?.name !== column.name ? "none" : order.isDescending ? "descending" : "ascending"}
                >
                  <button type="button" className={classes.sort} onClick={() => onSort(column.name)}>
                    {heading}
                    {order?.name === column.name && (order.isDescending ? " ↓" : " ↑")}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {shown.map((row) => (
            <tr key={row}>
              {columns.map((shownColumn) => (
                <DataCell
                  key={shownColumn.column.name}
                  shown={shownColumn}
                  value={values.get(shownColumn.column.name)?.[row] ?? null}
                  table={table}
                  row={row}
                  display={display}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}

function DataCell({
  shown: { column, config, bounds, title },
  value,
  table,
  row,
  display,
}: {
  shown: ShownColumn;
  value: Cell;
  table: Table;
  row: number;
  display: DisplayContext;
}) {
  const shown = showValue(value, config, bounds, 0, display);
  const resolve = useLinks();
  const links =
    config.links.length === 0
      ? []
      : resolve(config.links, subjectOf(table, column, row, { text: joinFormatted(shown), title }));
  const { type } = config.cell;
  const style = cellStyle(type, shown.color, display);
  const isGauge = column.type === "number" && (type === "gauge" || type.endsWith("-gauge") || type === "basic");
  return (
    <td style={{ textAlign: alignOf(column, config), ...style }}>
      {isGauge && (
        <span className={classes.track}>
          <span
            className={classes.bar}
            style={{ width: `${Math.min(100, Math.max(0, shown.share * 100))}%`, background: shown.color }}
          />
        </span>
      )}
      <Linked links={links} name={title}>
        {joinFormatted(shown)}
      </Linked>
    </td>
  );
}

function subjectOf(table: Table, column: Column, row: number, shown: { text: string; title: string }): LinkSubject {
  const time = table.columns.find((each) => each.type === "time")?.values[row];
  return {
    cell: table.columns.find((each) => each.name === column.name)?.values[row] ?? null,
    text: shown.text,
    timeMs: typeof time === "number" ? time : null,
    calc: "",
    fieldName: shown.title,
    seriesName: table.name || shown.title,
    labels: column.labels ?? {},
    row: table.columns.map(({ name, values }) => ({ name, cell: values[row] ?? null, text: String(values[row] ?? "") })),
  };
}

function cellStyle(type: string, color: string, { scheme }: DisplayContext): CSSProperties {
  if (type === "color-text") return { color: readableOn(color, scheme.surface) };
  if (type.startsWith("color-background")) return { background: color, color: textOn(color) };
  return {};
}

function shownColumns(panel: Panel, table: Table | undefined): ShownColumn[] {
  const all = table?.columns.map((column) => toShown(panel, column)) ?? [];
  return all.filter(({ config }) => !config.cell.isHidden);
}

function toShown(panel: Panel, column: Column): ShownColumn {
  const values = column.type === "number" ? (column.values as (number | null)[]) : [];
  const config = configFor(panel, { name: column.name, refId: column.refId, type: column.type, values });
  const unit =
    config.unit === "" && column.type === "time" ? "dateTimeAsIso" : column.type === "string" ? "string" : config.unit;
  const title = config.displayName || column.name;
  return { column, title, config: { ...config, unit }, bounds: boundsOf(config, values) };
}

function alignOf(column: Column, config: FieldConfig): "left" | "center" | "right" {
  if (config.cell.align !== "auto") return config.cell.align;
  return column.type === "number" ? "right" : "left";
}

function initialOrder(panel: Panel): Order | null {
  const [rule] = records(panel.options["sortBy"]);
  return rule ? { name: text(rule["displayName"]), isDescending: flag(rule["desc"]) } : null;
}

function sortedBy(
  table: Table | undefined,
  columns: readonly ShownColumn[],
  order: Order | null,
): Table | undefined {
  const found = columns.find(
    ({ column, title }) => order !== null && (column.name === order.name || title === order.name),
  );
  return table && found && order ? sortTable(table, found.column, order.isDescending) : table;
}
