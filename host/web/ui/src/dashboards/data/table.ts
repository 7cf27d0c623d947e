/** Series as tables: columns of one length. Pure. */
import type { Labels } from "../../api";
import type { Series } from "./series";

export type Cell = number | string | null;

export interface Column {
  name: string;
  /** The name beneath the one of the legend: "Value" for every series. */
  base?: string;
  /** Those of the series that it holds. */
  labels?: Labels;
  type: "time" | "number" | "string";
  values: Cell[];
  refId: string;
}

export interface Table {
  refId: string;
  /** That of its series; "" for a table of many. */
  name: string;
  columns: Column[];
  /** The distance of samples where none is missing. */
  stepMs?: number | null;
}

/** How a column is called that holds the values of a series. */
export const VALUE = "Value";

export function baseName(column: Column): string {
  return column.base ?? column.name;
}

/** One table a target where it asks for tables, else one a series. */
export function tablesOf(all: readonly Series[]): Table[] {
  const targets = [...new Set(all.map((series) => series.refId))];
  return targets.flatMap((refId) => {
    const group = all.filter((series) => series.refId === refId);
    return group.every((series) => series.isTable) ? [labelTable(group, targets.length > 1)] : group.map(timeTable);
  });
}

/** The newest sample of each series, or all of a range, with a column for each label. */
function labelTable(group: readonly Series[], isOneOfMany: boolean): Table {
  const refId = group[0]?.refId ?? "A";
  const rows = group.flatMap((series) =>
    series.times.map((time, index) => ({ time, labels: series.labels, value: series.values[index] ?? null })),
  );
  const labels = [...new Set(group.flatMap((series) => Object.keys(series.labels)))].sort();
  return {
    refId,
    name: "",
    columns: [
      { name: "Time", type: "time", refId, values: rows.map((row) => row.time) },
      ...labels.map((label): Column => ({
        name: label,
        type: "string",
        refId,
        values: rows.map((row) => row.labels[label] ?? null),
      })),
      { name: isOneOfMany ? `${VALUE} #${refId}` : VALUE, type: "number", refId, values: rows.map((row) => row.value) },
    ],
  };
}

function timeTable(series: Series): Table {
  return {
    refId: series.refId,
    name: series.name,
    stepMs: series.stepMs,
    columns: [
      { name: "Time", type: "time", refId: series.refId, values: [...series.times] },
      {
        name: series.name,
        base: VALUE,
        labels: series.labels,
        type: "number",
        refId: series.refId,
        values: [...series.values],
      },
    ],
  };
}

export function rowCount(table: Table): number {
  return table.columns[0]?.values.length ?? 0;
}

/** The table with these rows, in this order. */
export function pickRows(table: Table, rows: readonly number[]): Table {
  return {
    ...table,
    columns: table.columns.map((column) => ({ ...column, values: rows.map((row) => column.values[row] ?? null) })),
  };
}
