/** Which modes of transformations are not known here: what would be computed in their place is something else. Pure. */
import { isRecord, list, record, strings, text, type Json } from "../json";
import { isReducer } from "../values/reducers";

export const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};

/** The mode, operator or reducer of a transformation that is not known; null where all are. */
export function unknownMode(id: string, options: Json): string | null {
  switch (id) {
    case "reduce":
      return otherThan(options["mode"], ["seriesToRows"]) ?? unknownReducer(strings(options["reducers"]));
    case "joinByField":
    case "seriesToColumns":
      return otherThan(options["mode"], ["outer", "inner"]);
    case "groupBy":
      return unknownReducer(Object.values(record(options["fields"])).flatMap(aggregationsOf));
    case "calculateField":
      return unknownCalculation(options);
    case "filterFieldsByName":
      return options["byVariable"] === true ? "by a variable" : null;
    default:
      return null;
  }
}

function aggregationsOf(rule: unknown): string[] {
  const { operation, aggregations } = record(rule);
  return operation === "aggregate" ? strings(list(aggregations)) : [];
}

function unknownCalculation(options: Json): string | null {
  const [binary, reduce] = [record(options["binary"]), record(options["reduce"])];
  if (options["mode"] !== "binary")
    return otherThan(options["mode"], ["reduceRow"]) ?? unknownReducer([text(reduce["reducer"], "sum")]);
  const byType = [binary["left"], binary["right"]].some(
    (side) => isRecord(side) && record(side["matcher"])["id"] === "byType",
  );
  return byType ? "of all columns of a type" : otherThan(binary["operator"], Object.keys(OPERATIONS));
}

/** Said nothing, the first holds. */
function otherThan(mode: unknown, known: readonly string[]): string | null {
  if (mode === undefined || mode === null || mode === "") return null;
  return known.includes(String(mode)) ? null : String(mode);
}

function unknownReducer(calcs: readonly string[]): string | null {
  return calcs.find((calc) => !isReducer(calc)) ?? null;
}
