/** Several tables as one. Pure. */
import { text, type Json } from "../json";
import { compareCells } from "./order";
import { baseName, rowCount, type Cell, type Column, type Table } from "./table";

/** All in one table, where the cells of the columns that all have make one row. */
export function merge(tables: readonly Table[], nameOf: (column: Column) => string = (column) => column.name): Table[] {
  if (tables.length < 2) return [...tables];
  const columns = new Map<string, Column>();
  for (const column of tables.flatMap((table) => table.columns)) {
    if (!columns.has(nameOf(column))) columns.set(nameOf(column), { ...column, values: [] });
  }
  const names = [...columns.keys()];
  const shared = names.filter((name) => tables.every((table) => table.columns.some((column) => nameOf(column) === name)));
  const rows = new Map<string, Map<string, Cell>>();
  for (const table of tables) {
    for (let row = 0; row < rowCount(table); row += 1) {
      const cells = new Map(table.columns.map((column) => [nameOf(column), column.values[row] ?? null]));
      const key = JSON.stringify(shared.map((name) => cells.get(name)));
      const found = rows.get(key);
      const hasRoom = found && [...cells].every(([name, value]) => !found.has(name) || found.get(name) === value);
      if (found && hasRoom) for (const [name, value] of cells) found.set(name, value);
      else rows.set(found ? `${key} ${rows.size}` : key, cells);
    }
  }
  const merged = [...columns.values()].map((column) => {
    const { labels: _labels, ...rest } = column;
    return { ...rest, values: [...rows.values()].map((cells) => cells.get(nameOf(column)) ?? null) };
  });
  return [{ refId: tables[0]?.refId ?? "A", name: "", columns: merged }];
}

/** The transformation: by the names beneath those of the legend, as Grafana merges. */
export function mergeByBase(tables: readonly Table[]): Table[] {
  return merge(tables, baseName);
}

/** Where every row meets every other one, a page would not come back from it. */
export class TooManyRows extends Error {}
const ROWS_MAX = 100_000;

interface Keyed {
  table: Table;
  key: Column;
}

/** All tables side by side, joined where a column has the same value. */
export function join(tables: readonly Table[], options: Json): Table[] {
  const by = text(options["byField"]) || "Time";
  const keyed = tables.flatMap((table): Keyed[] => {
    const key = table.columns.find((column) => column.name === by || (by === "Time" && column.type === "time"));
    return key ? [{ table, key }] : [];
  });
  const first = keyed[0];
  if (!first) return [...tables];
  const rows = options["mode"] === "inner" ? innerRows(keyed) : outerRows(keyed, options["mode"] === "outerTabular");
  const isCombined = options["mode"] === "inner" || options["mode"] === "outerTabular";
  if (isCombined && rows.length > ROWS_MAX) throw tooMany();
  const ordered = by === "Time" || options["mode"] !== "inner" ? rows.sort((a, b) => compareCells(a.key, b.key)) : rows;
  const others = keyed.flatMap(({ table, key }, at) =>
    table.columns
      .filter((column) => column !== key)
      .map((column) => ({ ...column, values: ordered.map(({ rows: from }) => column.values[from[at] ?? -1] ?? null) })),
  );
  const steps = keyed.flatMap(({ table }) => table.stepMs ?? []);
  return [
    {
      refId: first.table.refId,
      name: "",
      ...(steps.length > 0 ? { stepMs: Math.max(...steps) } : {}),
      columns: numbered([{ ...first.key, values: ordered.map((row) => row.key) }, ...others]),
    },
  ];
}

/** One row of a join: its key, and which row it is of each table. */
interface JoinedRow {
  key: Cell;
  rows: (number | undefined)[];
}

/** Every key once, with the last row of each table that has it; in tables every such row. */
function outerRows(keyed: readonly Keyed[], isTabular: boolean): JoinedRow[] {
  const keys = [...new Set(keyed.flatMap(({ key }) => key.values))];
  const places = keyed.map(({ key }) => rowsByCell(key));
  return keys.flatMap((key) => {
    const found = places.map((rows) => rows.get(key) ?? []);
    return isTabular ? combinations(key, found) : [{ key, rows: found.map((rows) => rows.at(-1)) }];
  });
}

/** The keys that all tables have, with every combination of their rows. */
function innerRows(keyed: readonly Keyed[]): JoinedRow[] {
  const places = keyed.map(({ key }) => rowsByCell(key));
  return [...(places[0]?.keys() ?? [])]
    .filter((key) => places.every((rows) => rows.has(key)))
    .flatMap((key) =>
      combinations(
        key,
        places.map((rows) => rows.get(key) ?? []),
      ),
    );
}

function tooMany(): TooManyRows {
  return new TooManyRows(`more than ${ROWS_MAX} rows`);
}

function combinations(key: Cell, found: readonly (readonly number[])[]): JoinedRow[] {
  if (found.reduce((product, rows) => product * Math.max(1, rows.length), 1) > ROWS_MAX) throw tooMany();
  const empty: JoinedRow[] = [{ key, rows: [] }];
  return found.reduce(
    (made, rows) =>
      made.flatMap((row) =>
        (rows.length === 0 ? [undefined] : rows).map((each) => ({ key, rows: [...row.rows, each] })),
      ),
    empty,
  );
}

function rowsByCell({ values }: Column): Map<Cell, number[]> {
  const rows = new Map<Cell, number[]>();
  values.forEach((value, row) => {
    const found = rows.get(value);
    if (found) found.push(row);
    else rows.set(value, [row]);
  });
  return rows;
}

/** Columns of one name are numbered, all of them, as Grafana tells them apart. Those of series keep their names. */
function numbered(columns: readonly Column[]): Column[] {
  const counts = new Map<string, number>();
  for (const { name } of columns) counts.set(name, (counts.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return columns.map((column) => {
    const nth = (seen.get(column.name) ?? 0) + 1;
    seen.set(column.name, nth);
    const isTold = column.labels !== undefined || counts.get(column.name) === 1;
    return isTold ? column : { ...column, name: `${column.name} ${nth}` };
  });
}
