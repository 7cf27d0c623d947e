/** Tables of another shape: rows as columns, parts of a table as tables, texts as numbers. Pure. */
import { list, record, records, strings, text, type Json } from "../json";
import { join } from "./join";
import { pickRows, rowCount, VALUE, type Cell, type Column, type Table } from "./table";

const find = (table: Table, name: string) => table.columns.find((column) => column.name === name);

/** One column a value of one column, one row a value of another one. */
export function toMatrix(tables: readonly Table[], options: Json): Table[] {
  const [table] = tables;
  const name = (key: string, fallback: string) => text(options[key]) || fallback;
  const names = { across: name("columnField", "Time"), down: name("rowField", "Time"), value: name("valueField", VALUE) };
  const [across, down, value] = [names.across, names.down, names.value].map((each) => table && find(table, each));
  if (tables.length !== 1 || !table || !across || !down || !value) return [...tables];
  const cells = new Map<Cell, Map<Cell, Cell>>();
  for (let row = 0; row < rowCount(table); row += 1) {
    const column = across.values[row] ?? null;
    const found = cells.get(column) ?? new Map<Cell, Cell>();
    cells.set(column, found.set(down.values[row] ?? null, value.values[row] ?? null));
  }
  const rows = [...new Set(down.values)];
  const first: Column = { ...down, name: `${names.down}\\${names.across}`, values: rows };
  const others = [...cells].map(([key, found]): Column => ({ ...value, name: String(key ?? "null"), values: rows.map((row) => found.get(row) ?? null) }));
  return [{ refId: table.refId, name: table.name, columns: [first, ...others] }];
}

/** What rows are told to become: what names the new column, and what is in it. */
export const ROW_ROLES = ["field.name", "field.value", "__ignore"];

/** A table of one row, with a column for each row. */
export function rowsToFields(tables: readonly Table[], options: Json): Table[] {
  const roles = records(options["mappings"]);
  return tables.map((table) => {
    const told = (role: string) => find(table, text(roles.find((each) => each["handlerKey"] === role)?.["fieldName"]));
    const free = table.columns.filter((column) => !roles.some((each) => each["fieldName"] === column.name));
    const named = told("field.name") ?? free.find((column) => column.type === "string");
    const value = told("field.value") ?? free.find((column) => column.type === "number");
    if (!named || !value) return table;
    const labels = free.filter((column) => column.type === "string" && column !== named);
    const columns = value.values.map((cell, row): Column => ({
      name: String(named.values[row] ?? ""),
      type: value.type,
      refId: value.refId,
      labels: Object.fromEntries(labels.map((column) => [column.name, String(column.values[row] ?? "")])),
      values: [cell],
    }));
    return { refId: table.refId, name: table.name, columns };
  });
}

/** A table for each combination of values of some columns. */
export function partition(tables: readonly Table[], options: Json): Table[] {
  const names = strings(options["fields"]);
  return tables.flatMap((table) => {
    const keys = names.flatMap((name) => find(table, name) ?? []);
    return keys.length === 0 ? [table] : parts(table, keys, options["keepFields"] === true);
  });
}

function parts(table: Table, keys: readonly Column[], areKept: boolean): Table[] {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rowCount(table); row += 1) {
    const key = JSON.stringify(keys.map((column) => column.values[row]));
    const found = groups.get(key);
    if (found) found.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((rows) => {
    const [first = 0] = rows;
    const values = keys.map((column) => [column.name, String(column.values[first] ?? "")] as const);
    const labels = Object.fromEntries(values);
    const name = values.map(([, value]) => value).join(" ");
    const picked = pickRows(table, rows).columns.filter((_column, index) => areKept || !keys.includes(table.columns[index] as Column));
    const columns = picked.map((column) => (column.type === "number" ? { ...column, labels: { ...column.labels, ...labels } } : column));
    return { ...table, name, columns };
  });
}

/** Long tables, in which texts tell series apart, as series; or all of them on one axis of time. */
export function toSeries(tables: readonly Table[], options: Json): Table[] {
  const series = tables.flatMap((table) => {
    const texts = table.columns.filter((column) => column.type === "string");
    const times = table.columns.filter((column) => column.type === "time");
    const split = texts.length === 0 ? [table] : parts(table, texts, false);
    const isWide = split.length > 1;
    return split.flatMap((part) =>
      part.columns
        .filter((column) => column.type === "number")
        .map((column) => {
          const time = part.columns.filter((each) => times.some(({ name }) => name === each.name)).slice(0, 1);
          const name = isWide ? [part.name, ...(column.name === VALUE ? [] : [column.name])].join(" ") : column.name;
          return { ...part, name, columns: [...time, { ...column, name }] };
        }),
    );
  });
  return options["format"] === "wide" ? join(series, {}) : series;
}

export const CONVERSIONS: Readonly<Record<string, { type: Column["type"]; convert: (cell: Cell) => Cell }>> = {
  number: { type: "number", convert: toNumber },
  string: { type: "string", convert: (cell) => (cell === null ? null : String(cell)) },
  time: { type: "time", convert: (cell) => (typeof cell === "string" ? toTime(cell) : cell) },
};

function toNumber(cell: Cell): Cell {
  if (typeof cell !== "string") return cell;
  const parsed = Number(cell.replace(/,/g, ""));
  return cell.trim() === "" || Number.isNaN(parsed) ? null : parsed;
}

function toTime(cell: string): Cell {
  const at = /^-?\d+$/.test(cell) ? Number(cell) : Date.parse(cell);
  return Number.isNaN(at) ? null : at;
}

export function convertTypes(tables: readonly Table[], options: Json): Table[] {
  return tables.map((table) => ({
    ...table,
    columns: table.columns.map((column) => {
      const rule = records(options["conversions"]).find((each) => each["targetField"] === column.name);
      const conversion = rule && CONVERSIONS[text(rule["destinationType"])];
      return conversion ? { ...column, type: conversion.type, values: column.values.map(conversion.convert) } : column;
    }),
  }));
}

/** What of their options is not known here. */
export function unknownShape(id: string, options: Json): string | null {
  switch (id) {
    case "rowsToFields": {
      const roles = records(options["mappings"]).map((each) => text(each["handlerKey"]));
      return roles.find((role) => !ROW_ROLES.includes(role)) ?? null;
    }
    case "convertFieldType": {
      const types = list(options["conversions"]).map((each) => text(record(each)["destinationType"]));
      return types.find((type) => !Object.hasOwn(CONVERSIONS, type)) ?? null;
    }
    case "prepareTimeSeries":
      return options["format"] === "long" ? "long" : null;
    default:
      return null;
  }
}
