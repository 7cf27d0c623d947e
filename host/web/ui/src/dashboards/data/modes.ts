/** Which modes of transformations are not known here: what would be computed in their place is something else. Pure. */
import { isRecord, list, record, records, strings, text, type Json } from "../json";
import { isReducer } from "../values/reducers";
import { unknownShape } from "./reshape";
import { ROW_TESTS } from "./rowFilter";

export const BINARY_OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};

export const UNARY_OPERATIONS: Readonly<Record<string, (a: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  round: Math.round,
  floor: Math.floor,
  ceil: Math.ceil,
  percent: (a) => a * 100,
};

/** The mode, operator or reducer of a transformation that is not known; null where all are. */
export function unknownMode(id: string, options: Json): string | null {
  switch (id) {
    case "reduce":
      return otherThan(options["mode"], ["seriesToRows", "reduceFields"]) ?? unknownReducer(strings(options["reducers"]));
    case "joinByField":
    case "seriesToColumns":
      return otherThan(options["mode"], ["outer", "outerTabular", "inner"]);
    case "labelsToFields":
      return otherThan(options["mode"], ["columns"]);
    case "filterByValue":
      return unknownTest(options);
    case "groupBy":
      return unknownReducer(Object.values(record(options["fields"])).flatMap(aggregationsOf));
    case "calculateField":
      return unknownCalculation(options);
    default:
      return unknownShape(id, options);
  }
}

function aggregationsOf(rule: unknown): string[] {
  const { operation, aggregations } = record(rule);
  return operation === "aggregate" ? strings(list(aggregations)) : [];
}

function unknownCalculation(options: Json): string | null {
  const [binary, unary, cumulative, window, reduce] = ["binary", "unary", "cumulative", "window", "reduce"].map((each) =>
    record(options[each]),
  );
  switch (options["mode"]) {
    case "binary": {
      const isRightByType = isRecord(binary?.["right"]) && record(binary["right"]["matcher"])["id"] === "byType";
      return isRightByType ? "by all columns of a type" : otherThan(binary?.["operator"], Object.keys(BINARY_OPERATIONS));
    }
    case "unary":
      return otherThan(unary?.["operator"], Object.keys(UNARY_OPERATIONS));
    case "cumulativeFunctions":
      return otherThan(cumulative?.["reducer"], ["sum", "mean"]);
    case "windowFunctions":
      return (
        otherThan(window?.["reducer"], ["mean", "stdDev", "variance"]) ??
        otherThan(window?.["windowAlignment"], ["trailing", "centered"])
      );
    default:
      return otherThan(options["mode"], ["reduceRow", "index"]) ?? unknownReducer([text(reduce?.["reducer"], "sum")]);
  }
}

function unknownTest(options: Json): string | null {
  const ids = records(options["filters"]).map((each) => text(record(each["config"])["id"]));
  return ids.find((id) => !Object.hasOwn(ROW_TESTS, id)) ?? null;
}

/** Said nothing, the first holds. */
function otherThan(mode: unknown, known: readonly string[]): string | null {
  if (mode === undefined || mode === null || mode === "") return null;
  return known.includes(String(mode)) ? null : String(mode);
}

function unknownReducer(calcs: readonly string[]): string | null {
  return calcs.find((calc) => !isReducer(calc)) ?? null;
}
