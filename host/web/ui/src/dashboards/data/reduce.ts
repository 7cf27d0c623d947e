/** Columns reduced to single cells, and rows grouped. Pure. */
import { flag, record, strings, type Json } from "../json";
import { reducerOf, reducerTitle } from "../values/reducers";
import { baseName, rowCount, type Cell, type Column, type Table } from "./table";

export function reduceCells(calc: string, values: readonly Cell[]): Cell {
  if (values.every((value) => value === null || typeof value === "number"))
    return reducerOf(calc).reduce(values as (number | null)[]);
  if (calc === "count") return values.filter((value) => value !== null).length;
  if (calc === "distinctCount") return new Set(values).size;
  switch (calc) {
    case "first":
      return values[0] ?? null;
    case "last":
      return values.at(-1) ?? null;
    case "firstNotNull":
      return values.find((value) => value !== null) ?? null;
    case "lastNotNull":
      return values.findLast((value) => value !== null) ?? null;
    default:
      return null;
  }
}

/** One row a column, with what the reducers make of it; or each table with one row. */
export function reduce(tables: readonly Table[], options: Json): Table[] {
  const calcs = strings(options["reducers"]);
  if (options["mode"] === "reduceFields") return tables.map((table) => reduceFields(table, calcs, options));
  const isIncluded = (column: Column) => column.type !== "time" || flag(options["includeTimeField"]);
  const all = tables.flatMap((table) => table.columns.filter(isIncluded));
  if (all.length === 0) return [];
  const refId = tables[0]?.refId ?? "A";
  const hasLabels = flag(options["labelsToFields"]);
  const labels = hasLabels ? [...new Set(all.flatMap((column) => Object.keys(column.labels ?? {})))] : [];
  const columns: Column[] = [
    { name: "Field", type: "string", refId, values: all.map((column) => (hasLabels ? baseName(column) : column.name)) },
    ...labels.map((label): Column => ({
      name: label,
      type: "string",
      refId,
      values: all.map((column) => column.labels?.[label] ?? null),
    })),
    ...calcs.map((calc): Column => ({
      name: reducerTitle(calc),
      type: "number",
      refId,
      values: all.map((column) => reduceCells(calc, column.values)),
    })),
  ];
  return [{ refId, name: "", columns: columns.map(typedByValues) }];
}

function reduceFields(table: Table, calcs: readonly string[], options: Json): Table {
  const columns = table.columns
    .filter((column) => column.type !== "time" || flag(options["includeTimeField"]))
    .flatMap((column) =>
      calcs.map((calc): Column => ({ ...column, type: "number", values: [reduceCells(calc, column.values)] })),
    );
  return { ...table, columns: columns.map(typedByValues) };
}

/** The last of texts is a text. */
function typedByValues(column: Column): Column {
  const isText = column.type === "number" && column.values.some((value) => typeof value === "string");
  return isText ? { ...column, type: "string" } : column;
}

export function groupBy(tables: readonly Table[], options: Json): Table[] {
  const fields = record(options["fields"]);
  const rule = (column: Column) => record(fields[column.name]);
  return tables.map((table) => {
    const keys = table.columns.filter((column) => rule(column)["operation"] === "groupby");
    if (keys.length === 0) return table;
    const groups = new Map<string, number[]>();
    for (let row = 0; row < rowCount(table); row += 1) {
      const key = JSON.stringify(keys.map((column) => column.values[row]));
      const found = groups.get(key);
      if (found) found.push(row);
      else groups.set(key, [row]);
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
}
