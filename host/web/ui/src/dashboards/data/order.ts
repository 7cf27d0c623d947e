/** Rows of tables in order. Pure. */
import { pickRows, type Cell, type Column, type Table } from "./table";

export function sortTable(table: Table, column: Column, isDescending: boolean): Table {
  const sign = isDescending ? -1 : 1;
  const rows = column.values
    .map((_value, row) => row)
    .sort((a, b) => sign * compareCells(column.values[a] ?? null, column.values[b] ?? null));
  return pickRows(table, rows);
}

/** Nothing first, then what is no number, then numbers, then texts. */
export function compareCells(a: Cell, b: Cell): number {
  const difference = rankOf(a) - rankOf(b);
  if (difference !== 0 || a === null || b === null) return difference;
  // Infinities have no difference.
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : Number(a > b);
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function rankOf(cell: Cell): number {
  if (cell === null) return 0;
  if (typeof cell === "string") return 3;
  return Number.isNaN(cell) ? 1 : 2;
}
