/** Series as tables: columns of one length. Pure. */
import type { Series } from "./series";

export type Cell = number | string | null;

export interface Column {
  name: string;
  type: "time" | "number" | "string";
  values: Cell[];
  refId: string;
}

export interface Table {
  refId: string;
  name: string;
  columns: Column[];
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
    name: refId,
    columns: [
      { name: "Time", type: "time", refId, values: rows.map((row) => row.time) },
      ...labels.map((label): Column => ({
        name: label,
        type: "string",
        refId,
        values: rows.map((row) => row.labels[label] ?? null),
      })),
      { name: isOneOfMany ? `Value #${refId}` : "Value", type: "number", refId, values: rows.map((row) => row.value) },
    ],
  };
}

function timeTable(series: Series): Table {
  return {
    refId: series.refId,
    name: series.name,
    columns: [
      { name: "Time", type: "time", refId: series.refId, values: [...series.times] },
      { name: series.name, type: "number", refId: series.refId, values: [...series.values] },
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
