/** Rows kept or dropped by their values. Pure. */
import { number, record, records, text, type Json } from "../json";
import { pickRows, rowCount, type Cell, type Table } from "./table";

type Test = (cell: Cell, options: Json) => boolean;

/** A comparison of numbers, which nothing and texts fail. */
const numeric =
  (holds: (cell: number, bound: number) => boolean): Test =>
  (cell, options) => {
    const bound = number(options["value"]);
    return typeof cell === "number" && bound !== null && holds(cell, bound);
  };

export const ROW_TESTS: Readonly<Record<string, Test>> = {
  isNull: (cell) => cell === null,
  isNotNull: (cell) => cell !== null,
  // A number may stand in the JSON as a text.
  equal: (cell, options) => String(cell ?? "") === String(options["value"] ?? ""),
  notEqual: (cell, options) => String(cell ?? "") !== String(options["value"] ?? ""),
  greater: numeric((cell, bound) => cell > bound),
  greaterOrEqual: numeric((cell, bound) => cell >= bound),
  lower: numeric((cell, bound) => cell < bound),
  lowerOrEqual: numeric((cell, bound) => cell <= bound),
  between: (cell, options) => {
    const [from, to] = [number(options["from"]), number(options["to"])];
    return typeof cell === "number" && from !== null && to !== null && cell > from && cell < to;
  },
  substring: (cell, options) => includes(cell, options),
  notSubstring: (cell, options) => !includes(cell, options),
  regex: (cell, options) => {
    try {
      return new RegExp(text(options["value"])).test(String(cell ?? ""));
    } catch {
      return false;
    }
  },
};

function includes(cell: Cell, options: Json): boolean {
  return String(cell ?? "").toLowerCase().includes(String(options["value"] ?? "").toLowerCase());
}

export function filterByValue(tables: readonly Table[], options: Json): Table[] {
  const filters = records(options["filters"]);
  if (filters.length === 0) return [...tables];
  const isExclusion = options["type"] === "exclude";
  const isForAll = options["match"] === "all";
  return tables.map((table) => {
    const tests = filters.flatMap(({ fieldName, config }) => {
      const column = table.columns.find((each) => each.name === fieldName);
      const { id, options: own } = record(config);
      const test = ROW_TESTS[text(id)];
      return column && test ? [(row: number) => test(column.values[row] ?? null, record(own))] : [];
    });
    // A column that is not there fits nothing.
    const matches = (row: number) =>
      isForAll ? tests.length === filters.length && tests.every((test) => test(row)) : tests.some((test) => test(row));
    const rows = Array.from({ length: rowCount(table) }, (_, row) => row);
    return pickRows(
      table,
      rows.filter((row) => matches(row) !== isExclusion),
    );
  });
}
