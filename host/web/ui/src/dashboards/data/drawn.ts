/** What a panel draws: its series, or what its transformations make of them. Pure. */
import type { Panel } from "../model";
import { join } from "./join";
import type { Series } from "./series";
import { tablesOf, VALUE, type Cell, type Column, type Table } from "./table";
import { transform } from "./transform";

export interface Drawn {
  series: Series[];
  /** Transformations that are not known. */
  unknown: string[];
}

/** Panels that draw over time; all others show single values. */
const OVER_TIME = ["timeseries", "state-timeline", "status-history"];
/** Panels that have ways of their own from answers to what they show. */
const OWN_WAYS = ["table", "heatmap"];

export function drawnOf(panel: Pick<Panel, "type" | "transformations">, series: readonly Series[]): Drawn {
  const isOverTime = OVER_TIME.includes(panel.type);
  // A table of labels is no line, but each of its rows is a value.
  const hasTables = !isOverTime && series.some((each) => each.isTable);
  if (OWN_WAYS.includes(panel.type) || (panel.transformations.length === 0 && !hasTables && panel.type !== "barchart"))
    return { series: [...series], unknown: [] };
  const { tables, unknown } = transform(tablesOf(series), panel.transformations);
  if (panel.type === "barchart") return { series: sideBySide(tables).flatMap(columnSeries), unknown };
  const shown = isOverTime ? tables.flatMap(seriesOverTime) : tables.flatMap(columnSeries);
  // A text is no place on an axis.
  return { series: panel.type === "timeseries" ? shown.filter((each) => typeOf(each) === "number") : shown, unknown };
}

/** Groups of bars are rows of one table. */
function sideBySide(tables: readonly Table[]): readonly Table[] {
  const haveTimes = tables.every((table) => table.columns.some((column) => column.type === "time"));
  return tables.length > 1 && haveTimes ? join(tables, {}) : tables.slice(0, 1);
}

/** A series each column with values; the samples that it does not have are left out. */
function seriesOverTime(table: Table): Series[] {
  const time = table.columns.find((column) => column.type === "time");
  if (!time) return [];
  return table.columns
    .filter((column) => column.type !== "time")
    .map((column) => {
      const rows = time.values
        .flatMap((at, row) => (typeof at === "number" && (column.values[row] ?? null) !== null ? [{ at, row }] : []))
        .sort((a, b) => a.at - b.at);
      return toSeries(table, column, {
        times: rows.map(({ at }) => at),
        cells: rows.map(({ row }) => column.values[row] ?? null),
      });
    });
}

/** Every column, with every cell. */
function columnSeries(table: Table): Series[] {
  const time = table.columns.find((column) => column.type === "time");
  const times = time?.values.every((at) => typeof at === "number") ? (time.values as number[]) : [];
  return table.columns.map((column) => toSeries(table, column, { times, cells: column.values }));
}

function toSeries(table: Table, column: Column, samples: { times: number[]; cells: Cell[] }): Series {
  return {
    refId: column.refId,
    name: column.name === VALUE && table.name !== "" ? table.name : column.name,
    labels: column.labels ?? {},
    times: samples.times,
    values: samples.cells.map((cell) => (typeof cell === "number" ? cell : null)),
    stepMs: table.stepMs ?? null,
    isTable: false,
    from: { table, column, cells: samples.cells },
  };
}

/** The type of a series' values. */
export function typeOf({ from }: Series): Column["type"] {
  return from?.column.type ?? "number";
}

/** Its values, of whatever type. */
export function cellsOf({ from, values }: Series): readonly Cell[] {
  return from?.cells ?? values;
}

/** How a single row of a series is called: by its texts, and by the column where there are others of numbers. */
export function rowName({ from }: Series, name: string, row: number): string {
  if (!from) return name;
  const others = from.table.columns.filter((column) => column !== from.column);
  const parts = others
    .filter((column) => column.type === "string")
    .map((column) => String(column.values[row] ?? ""))
    .filter((part) => part !== "");
  const isOneOfMany = others.some((column) => column.type === "number");
  return [...parts, ...(isOneOfMany || parts.length === 0 ? [name] : [])].join(" ");
}

/** "${__data.fields.host}" and "${__data.fields["host"]}" in a display name, for one row. */
export function fillRow(name: string, { from }: Series, row: number): string {
  if (!from) return name;
  const { columns } = from.table;
  return name.replace(/\$\{__data\.fields(?:\.([^}[\]]+)|\["?([^"\]]+)"?\])\}/g, (_whole, plain?: string, quoted?: string) => {
    const told = plain ?? quoted ?? "";
    const column = columns.find((each) => each.name === told) ?? (/^\d+$/.test(told) ? columns[Number(told)] : undefined);
    return String(column?.values[row] ?? "");
  });
}
