/** Columns computed of others. Pure. */
import { flag, isRecord, number, record, strings, text, type Json } from "../json";
import { reducerTitle } from "../values/reducers";
import { join } from "./join";
import { BINARY_OPERATIONS, UNARY_OPERATIONS } from "./modes";
import { reduceCells } from "./reduce";
import { rowCount, type Cell, type Column, type Table } from "./table";

/** A column more: two columns put together, one changed, or all of a row. */
export function calculate(tables: readonly Table[], options: Json): Table[] {
  const make = makerOf(options);
  return aligned(tables, options).flatMap((table) => {
    const made = make(table);
    if (!flag(options["replaceFields"])) return [{ ...table, columns: [...table.columns, ...made] }];
    const times = table.columns.filter((column) => column.type === "time");
    return made.length === 0 ? [] : [{ ...table, columns: [...times, ...made] }];
  });
}

/** Series on one time axis, where what is put together stands in several. */
function aligned(tables: readonly Table[], options: Json): readonly Table[] {
  const haveTimes = tables.every((table) => table.columns.some((column) => column.type === "time"));
  if (tables.length < 2 || !haveTimes || options["timeSeries"] === false) return tables;
  if (options["mode"] === "binary") {
    const { left, right } = record(options["binary"]);
    const names = [left, right].map(operandName);
    if (isByType(left) || isByType(right)) return tables;
    const stand = (name: string) => tables.findIndex((table) => columnOf(table, name));
    const [first = -1, second = -1] = names.map(stand);
    if (first < 0 || second < 0 || first === second) return tables;
  }
  return join(tables, {});
}

type Maker = (table: Table) => Column[];

function makerOf(options: Json): Maker {
  const alias = text(options["alias"]);
  switch (options["mode"]) {
    case "binary":
      return (table) => binary(table, record(options["binary"]), alias);
    case "unary":
      return (table) => unary(table, record(options["unary"]), alias);
    case "index":
      return (table) => [toColumn(table, alias || "Row", (row) => (flag(record(options["index"])["asPercentile"]) ? row / rowCount(table) : row))];
    case "cumulativeFunctions":
      return (table) => cumulative(table, record(options["cumulative"]), alias);
    case "windowFunctions":
      return (table) => moving(table, record(options["window"]), alias);
    default:
      return (table) => ofRows(table, record(options["reduce"]), alias);
  }
}

function toColumn(table: Table, name: string, valueOf: (row: number) => Cell): Column {
  const values = Array.from({ length: rowCount(table) }, (_, row) => valueOf(row));
  return { name, type: "number", refId: table.refId, values };
}

function ofRows(table: Table, rule: Json, alias: string): Column[] {
  const include = strings(rule["include"]);
  const calc = text(rule["reducer"], "sum");
  const numeric = table.columns.filter(
    (column) => column.type === "number" && (include.length === 0 || include.includes(column.name)),
  );
  if (numeric.length === 0) return [];
  return [
    toColumn(table, alias || reducerTitle(calc), (row) =>
      reduceCells(
        calc,
        numeric.map((column) => column.values[row] ?? null),
      ),
    ),
  ];
}

function operandName(side: unknown): string {
  return isRecord(side) ? text(record(side["matcher"])["options"]) || text(side["fixed"]) : text(side);
}

function isByType(side: unknown): boolean {
  return isRecord(side) && record(side["matcher"])["id"] === "byType";
}

function columnOf(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name && column.type !== "string");
}

function binary(table: Table, rule: Json, alias: string): Column[] {
  const symbol = text(rule["operator"], "+");
  const operation = BINARY_OPERATIONS[symbol];
  if (!operation) return [];
  const [left, right] = [operandName(rule["left"]), operandName(rule["right"])];
  const value = (cell: Cell | undefined) => (typeof cell === "number" ? cell : null);
  const operand = (name: string): ((row: number) => number | null) | null => {
    const column = columnOf(table, name);
    if (column) return (row) => value(column.values[row]);
    const fixed = number(name);
    return fixed === null ? null : () => fixed;
  };
  const compute = (a: (row: number) => number | null, b: (row: number) => number | null) => (row: number) => {
    const [x, y] = [a(row), b(row)];
    return x === null || y === null ? null : operation(x, y);
  };
  const b = operand(right);
  if (isByType(rule["left"])) {
    if (!b) return [];
    return table.columns
      .filter((column) => column.type === "number")
      .map((column) => ({ ...toColumn(table, column.name, compute((row) => value(column.values[row]), b)), ...labelsOf(column) }));
  }
  const a = operand(left);
  const hasColumn = [left, right].some((name) => columnOf(table, name));
  return a && b && hasColumn ? [toColumn(table, alias || `${left} ${symbol} ${right}`, compute(a, b))] : [];
}

function labelsOf({ labels }: Column): Pick<Column, "labels"> {
  return labels === undefined ? {} : { labels };
}

function unary(table: Table, rule: Json, alias: string): Column[] {
  const symbol = text(rule["operator"], "abs");
  const operation = UNARY_OPERATIONS[symbol];
  const column = columnOf(table, text(rule["fieldName"]));
  if (!operation || !column) return [];
  const valueOf = (row: number) => {
    const cell = column.values[row];
    return typeof cell === "number" ? operation(cell) : null;
  };
  return [toColumn(table, alias || `${symbol}(${column.name})`, valueOf)];
}

/** The sum, or the mean, of all values so far. */
function cumulative(table: Table, rule: Json, alias: string): Column[] {
  const column = columnOf(table, text(rule["field"]));
  const calc = text(rule["reducer"], "sum");
  if (!column) return [];
  let [sum, count] = [0, 0];
  const valueOf = (row: number) => {
    const cell = column.values[row];
    if (typeof cell === "number") {
      sum += cell;
      count += 1;
    }
    return calc === "mean" ? sum / Math.max(1, count) : sum;
  };
  return [toColumn(table, alias || `cumulative ${calc}(${column.name})`, valueOf)];
}

/** What a reducer makes of the values around each value, or of those up to it. */
function moving(table: Table, rule: Json, alias: string): Column[] {
  const column = columnOf(table, text(rule["field"]));
  const calc = text(rule["reducer"], "mean");
  const alignment = text(rule["windowAlignment"], "trailing");
  if (!column) return [];
  const told = number(rule["windowSize"]) ?? 0.1;
  const isShare = text(rule["windowSizeMode"], "percentage") === "percentage";
  const size = Math.max(1, isShare ? Math.ceil(told * rowCount(table)) : Math.floor(told));
  const before = alignment === "centered" ? Math.floor(size / 2) : size - 1;
  // At the ends there are fewer values in it.
  const valueOf = (row: number) => reduceCells(calc, column.values.slice(Math.max(0, row - before), row - before + size));
  return [toColumn(table, alias || `${alignment} moving ${calc}(${column.name})`, valueOf)];
}
