/** Grafana's transformations of tables, those that dashboards use most. Pure. */
import { flag, isRecord, list, number, record, records, strings, text, type Json } from "../json";
import type { Transformation } from "../model";
import { reducerOf } from "../values/reducers";
import { toRegExp } from "../values/regexp";
import { OPERATIONS, unknownMode } from "./modes";
import { pickRows, rowCount, type Cell, type Column, type Table } from "./table";

type Transform = (tables: readonly Table[], options: Json) => Table[];

export interface Transformed {
  tables: Table[];
  /** Those that are not known here, and so were left out. */
  unknown: string[];
}

export function transform(tables: readonly Table[], transformations: readonly Transformation[]): Transformed {
  const unknown: string[] = [];
  const result = transformations.reduce<readonly Table[]>((current, { id, options }) => {
    const apply = TRANSFORMS[id];
    const mode = unknownMode(id, options);
    if (apply && mode === null) return apply(current, options);
    unknown.push(mode === null ? id : `${id} (${mode})`);
    return current;
  }, tables);
  return { tables: [...result], unknown };
}

/** What a table panel shows of several tables: all in one, where the same labels make one row. */
export function merge(tables: readonly Table[]): Table[] {
  if (tables.length < 2) return [...tables];
  const columns = new Map<string, Column>();
  for (const column of tables.flatMap((table) => table.columns)) {
    if (!columns.has(column.name)) columns.set(column.name, { ...column, values: [] });
  }
  const names = [...columns.keys()];
  const shared = names.filter((name) => tables.every((table) => table.columns.some((column) => column.name === name)));
  const rows = new Map<string, Map<string, Cell>>();
  for (const table of tables) {
    for (let row = 0; row < rowCount(table); row += 1) {
      const cells = new Map(table.columns.map((column) => [column.name, column.values[row] ?? null]));
      const key = JSON.stringify(shared.map((name) => cells.get(name)));
      const found = rows.get(key);
      const hasRoom = found && [...cells].every(([name, value]) => !found.has(name) || found.get(name) === value);
      if (found && hasRoom) for (const [name, value] of cells) found.set(name, value);
      else rows.set(found ? `${key} ${rows.size}` : key, cells);
    }
  }
  const merged = [...columns.values()].map((column) => ({
    ...column,
    values: [...rows.values()].map((cells) => cells.get(column.name) ?? null),
  }));
  return [{ refId: tables[0]?.refId ?? "A", name: "", columns: merged }];
}

/** All tables side by side, joined where a column has the same value. */
const join: Transform = (tables, options) => {
  const by = text(options["byField"]) || "Time";
  const isInner = options["mode"] === "inner";
  const keyed = tables.flatMap((table) => {
    const key = table.columns.find((column) => column.name === by || (by === "Time" && column.type === "time"));
    return key ? [{ table, key }] : [];
  });
  const first = keyed[0];
  if (!first) return [...tables];
  const counts = new Map<Cell, number>();
  for (const { key } of keyed) for (const value of new Set(key.values)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const values = [...counts.keys()]
    .filter((value) => !isInner || counts.get(value) === keyed.length)
    .sort(compareCells);
  const others = keyed.flatMap(({ table, key }) => {
    const rowOf = new Map(key.values.map((value, row) => [value, row]));
    return table.columns
      .filter((column) => column !== key)
      .map((column) => ({ ...column, values: values.map((value) => column.values[rowOf.get(value) ?? -1] ?? null) }));
  });
  return [{ ...first.table, columns: [{ ...first.key, values }, ...uniqueNames(others)] }];
};

function uniqueNames(columns: readonly Column[]): Column[] {
  const seen = new Map<string, number>();
  return columns.map((column) => {
    const nth = (seen.get(column.name) ?? 0) + 1;
    seen.set(column.name, nth);
    return nth === 1 ? column : { ...column, name: `${column.name} ${nth}` };
  });
}

/** One row a column, with what the reducers make of it. */
const reduce: Transform = (tables, options) => {
  const calcs = strings(options["reducers"]);
  const all = tables.flatMap((table) => table.columns.filter((column) => column.type === "number"));
  const columns: Column[] = [
    { name: "Field", type: "string", refId: "A", values: all.map((column) => column.name) },
    ...calcs.map((calc): Column => ({
      name: reducerOf(calc).label,
      type: "number",
      refId: "A",
      values: all.map((column) => reduceCells(calc, column.values)),
    })),
  ];
  return [{ refId: tables[0]?.refId ?? "A", name: "", columns }];
};

function reduceCells(calc: string, values: readonly Cell[]): Cell {
  if (values.every((value) => value === null || typeof value === "number"))
    return reducerOf(calc).reduce(values as (number | null)[]);
  if (calc === "count") return values.filter((value) => value !== null).length;
  if (calc === "distinctCount") return new Set(values).size;
  return (
    (calc.startsWith("first") ? values.find((value) => value !== null) : values.findLast((value) => value !== null)) ??
    null
  );
}

const organize: Transform = (tables, options) => {
  const excluded = record(options["excludeByName"]);
  const order = record(options["indexByName"]);
  const names = record(options["renameByName"]);
  const place = (column: Column) => number(order[column.name]) ?? Number.MAX_SAFE_INTEGER;
  return tables.map((table) => ({
    ...table,
    columns: table.columns
      .filter((column) => excluded[column.name] !== true)
      .sort((a, b) => place(a) - place(b))
      .map((column) => ({ ...column, name: text(names[column.name]) || column.name })),
  }));
};

const filterByName: Transform = (tables, options) => {
  const [include, exclude] = [options["include"], options["exclude"]];
  const passes = (column: Column) =>
    (include === undefined || isNamed(include, column.name)) &&
    (exclude === undefined || !isNamed(exclude, column.name));
  return tables
    .map((table) => ({ ...table, columns: table.columns.filter(passes) }))
    .filter((table) => table.columns.length > 0);
};

function isNamed(rule: unknown, name: string): boolean {
  const { names, pattern } = record(rule);
  return list(names).includes(name) || (text(pattern) !== "" && (toRegExp(text(pattern))?.test(name) ?? false));
}

const filterByRefId: Transform = (tables, options) => {
  const pattern = toRegExp(text(options["include"]));
  return pattern ? tables.filter((table) => pattern.test(table.refId)) : [...tables];
};

const rename: Transform = (tables, options) => {
  const pattern = toRegExp(text(options["regex"]));
  if (!pattern) return [...tables];
  return tables.map((table) => ({
    ...table,
    columns: table.columns.map((column) => ({
      ...column,
      name: column.name.replace(pattern, text(options["renamePattern"])),
    })),
  }));
};

const groupBy: Transform = (tables, options) => {
  const fields = record(options["fields"]);
  const rule = (column: Column) => record(fields[column.name]);
  return tables.map((table) => {
    const keys = table.columns.filter((column) => rule(column)["operation"] === "groupby");
    if (keys.length === 0) return table;
    const groups = new Map<string, number[]>();
    for (let row = 0; row < rowCount(table); row += 1) {
      const key = JSON.stringify(keys.map((column) => column.values[row]));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const rows = [...groups.values()];
    const counted = table.columns.filter((column) => rule(column)["operation"] === "aggregate");
    const columns = counted.flatMap((column) =>
      strings(rule(column)["aggregations"]).map((calc): Column => ({
        ...column,
        name: `${column.name} (${calc})`,
        type: reducerOf(calc).keepsUnit ? column.type : "number",
        values: rows.map((group) =>
          reduceCells(
            calc,
            group.map((row) => column.values[row] ?? null),
          ),
        ),
      })),
    );
    return {
      ...table,
      columns: [
        ...keys.map((column) => ({ ...column, values: rows.map(([row = 0]) => column.values[row] ?? null) })),
        ...columns,
      ],
    };
  });
};

const sortBy: Transform = (tables, options) => {
  const [rule] = records(options["sort"]);
  const name = text(rule?.["field"]);
  return tables.map((table) => {
    const column = table.columns.find((each) => each.name === name);
    return column ? sortTable(table, column, flag(rule?.["desc"])) : table;
  });
};

export function sortTable(table: Table, column: Column, isDescending: boolean): Table {
  const rows = column.values
    .map((_value, row) => row)
    .sort((a, b) => compareCells(column.values[a] ?? null, column.values[b] ?? null));
  return pickRows(table, isDescending ? rows.reverse() : rows);
}

/** Nothing first, then what is no number, then numbers, then texts. */
function compareCells(a: Cell, b: Cell): number {
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

const limit: Transform = (tables, options) => {
  const rows = number(options["limitField"]) ?? 10;
  return tables.map((table) =>
    pickRows(
      table,
      Array.from({ length: Math.min(rows, rowCount(table)) }, (_, row) => row),
    ),
  );
};

/** A column more: two columns put together, or all of a row. */
const calculate: Transform = (tables, options) => {
  const binary = record(options["binary"]);
  const operation = OPERATIONS[text(binary["operator"], "+")];
  const isBinary = options["mode"] === "binary";
  if (isBinary && !operation) return [...tables];
  const include = strings(record(options["reduce"])["include"]);
  const calc = text(record(options["reduce"])["reducer"], "sum");
  return tables.map((table) => {
    const operand = (side: unknown) => {
      const named = isRecord(side) ? text(record(side["matcher"])["options"]) || text(side["fixed"]) : text(side);
      const column = table.columns.find((each) => each.name === named);
      return (row: number) => (column ? column.values[row] : number(named)) ?? null;
    };
    const [left, right] = [operand(binary["left"]), operand(binary["right"])];
    const numeric = table.columns.filter(
      (column) => column.type === "number" && (include.length === 0 || include.includes(column.name)),
    );
    const valueOf = (row: number): Cell => {
      if (!isBinary)
        return reduceCells(
          calc,
          numeric.map((column) => column.values[row] ?? null),
        );
      const [a, b] = [left(row), right(row)];
      return typeof a === "number" && typeof b === "number" && operation ? operation(a, b) : null;
    };
    const name = text(options["alias"]) || (isBinary ? "Result" : reducerOf(calc).label);
    const made: Column = {
      name,
      type: "number",
      refId: table.refId,
      values: Array.from({ length: rowCount(table) }, (_, row) => valueOf(row)),
    };
    const kept = flag(options["replaceFields"])
      ? table.columns.filter((column) => column.type === "time")
      : table.columns;
    return { ...table, columns: [...kept, made] };
  });
};

/** Many series in one long table. */
const toRows: Transform = (tables) => {
  const rows = tables.flatMap((table) => {
    const [time, value] = [
      table.columns.find((column) => column.type === "time"),
      table.columns.find((column) => column.type === "number"),
    ];
    return value
      ? value.values.map((each, row) => ({
          time: time?.values[row] ?? null,
          metric: table.name || value.name,
          value: each,
        }))
      : [];
  });
  const refId = tables[0]?.refId ?? "A";
  return [
    {
      refId,
      name: "",
      columns: [
        { name: "Time", type: "time", refId, values: rows.map((row) => row.time) },
        { name: "Metric", type: "string", refId, values: rows.map((row) => row.metric) },
        { name: "Value", type: "number", refId, values: rows.map((row) => row.value) },
      ],
    },
  ];
};

const TRANSFORMS: Readonly<Record<string, Transform>> = {
  merge,
  joinByField: join,
  seriesToColumns: join,
  seriesToRows: toRows,
  reduce,
  organize,
  filterFieldsByName: filterByName,
  filterByRefId,
  renameByRegex: rename,
  groupBy,
  sortBy,
  limit,
  calculateField: calculate,
  // Our tables have a column for each label already.
  labelsToFields: (tables) => [...tables],
};
