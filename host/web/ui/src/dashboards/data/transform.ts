/** Grafana's transformations, those that dashboards use most. Pure; compared with Grafana's own by transform.test.ts. */
import { flag, isRecord, list, number, record, records, strings, text, type Json } from "../json";
import type { Transformation } from "../model";
import { toRegExp } from "../values/regexp";
import { interpolate, type Scope } from "../variables/scope";
import { calculate } from "./calculate";
import { join, mergeByBase, TooManyRows } from "./join";
import { unknownMode } from "./modes";
import { compareCells, sortTable } from "./order";
import { groupBy, reduce } from "./reduce";
import { convertTypes, partition, rowsToFields, toMatrix, toSeries } from "./reshape";
import { filterByValue } from "./rowFilter";
import { baseName, pickRows, rowCount, VALUE, type Column, type Table } from "./table";

type Transform = (tables: readonly Table[], options: Json) => Table[];

export interface Transformed {
  tables: Table[];
  /** Those that are not known here or make too much, and so were left out. */
  unknown: string[];
}

export function transform(tables: readonly Table[], transformations: readonly Transformation[]): Transformed {
  const unknown: string[] = [];
  const result = transformations.reduce<readonly Table[]>((current, { id, options }) => {
    const apply = TRANSFORMS[id];
    const mode = unknownMode(id, options);
    if (!apply || mode !== null) {
      unknown.push(mode === null ? id : `${id} (${mode})`);
      return current;
    }
    try {
      return apply(current, options);
    } catch (error) {
      if (!(error instanceof TooManyRows)) throw error;
      unknown.push(`${id} (${error.message})`);
      return current;
    }
  }, tables);
  return { tables: [...result], unknown };
}

/** The transformations with all variables replaced in their options. */
export function withVariables(transformations: readonly Transformation[], scope: Scope): Transformation[] {
  const replaced = (value: unknown): unknown => {
    if (typeof value === "string") return interpolate(value, scope, "raw");
    if (Array.isArray(value)) return value.map(replaced);
    return isRecord(value) ? replacedIn(value) : value;
  };
  const replacedIn = (json: Json): Json => Object.fromEntries(Object.entries(json).map(([key, value]) => [key, replaced(value)]));
  return transformations.map(({ id, options }) => ({ id, options: replacedIn(options) }));
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
  const [include, exclude] = [options["include"], options["exclude"]].map((rule) =>
    options["byVariable"] === true && isRecord(rule) ? { names: text(rule["variable"]).split(",") } : rule,
  );
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
      name: column.type === "time" ? column.name : column.name.replace(pattern, text(options["renamePattern"])),
    })),
  }));
};

const sortBy: Transform = (tables, options) => {
  const [rule] = records(options["sort"]);
  const name = text(rule?.["field"]);
  return tables.map((table) => {
    const column = table.columns.find((each) => each.name === name);
    return column ? sortTable(table, column, flag(rule?.["desc"])) : table;
  });
};

const limit: Transform = (tables, options) => {
  const rows = number(options["limitField"]) ?? 10;
  return tables.map((table) =>
    pickRows(
      table,
      Array.from({ length: Math.min(rows, rowCount(table)) }, (_, row) => row),
    ),
  );
};

/** Many series in one long table, the newest samples first. */
const toRows: Transform = (tables) => {
  const rows = tables.flatMap((table) => {
    const time = table.columns.find((column) => column.type === "time");
    const values = table.columns.filter((column) => column.type === "number");
    return values.flatMap((column) =>
      column.values.map((value, row) => ({ time: time?.values[row] ?? null, metric: column.name, value })),
    );
  });
  rows.sort((a, b) => compareCells(b.time, a.time));
  const refId = tables[0]?.refId ?? "A";
  const columns: Column[] = [
    { name: "Time", type: "time", refId, values: rows.map((row) => row.time) },
    { name: "Metric", type: "string", refId, values: rows.map((row) => row.metric) },
    { name: VALUE, type: "number", refId, values: rows.map((row) => row.value) },
  ];
  return [{ refId, name: "", columns }];
};

/** A column for each label of the series in a table; one label may name the values instead. */
const labelsToFields: Transform = (tables, options) => {
  const kept = strings(options["keepLabels"]);
  const valueLabel = text(options["valueLabel"]);
  return tables.map((table) => {
    const labels = new Map<string, string>();
    for (const [name, value] of table.columns.flatMap((column) => Object.entries(column.labels ?? {}))) {
      if (name !== valueLabel && (kept.length === 0 || kept.includes(name))) labels.set(name, value);
    }
    const columns = table.columns.map((column): Column => {
      const { labels: own, base: _base, ...rest } = column;
      return own === undefined ? column : { ...rest, name: own[valueLabel] ?? baseName(column) };
    });
    const made = [...labels].map(([name, value]): Column => ({
      name,
      type: "string",
      refId: table.refId,
      values: Array.from({ length: rowCount(table) }, () => value),
    }));
    return { ...table, columns: [...columns, ...made] };
  });
};

const TRANSFORMS: Readonly<Record<string, Transform>> = {
  merge: mergeByBase,
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
  filterByValue,
  labelsToFields,
  groupingToMatrix: toMatrix,
  rowsToFields,
  partitionByValues: partition,
  prepareTimeSeries: toSeries,
  convertFieldType: convertTypes,
};
