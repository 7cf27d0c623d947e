/** The single values that stats, gauges and bar gauges show. Pure. */
import type { Field } from "../data/fields";
import { list, number, record, strings, text, type Json } from "../json";
import { showValue, type DisplayContext, type Shown } from "../values/display";
import { reducerOf } from "../values/reducers";
import { toRegExp } from "../values/regexp";

export interface Reading {
  key: string;
  title: string;
  shown: Shown;
  value: number | null;
  field: Field;
}

/** More than this is a table. */
const READINGS_MAX = 100;

export function readingsOf(options: Json, fields: readonly Field[], context: DisplayContext): Reading[] {
  const reduce = record(options["reduceOptions"]);
  const picked = fields.filter(isPicked(text(reduce["fields"]))).filter((field) => !field.config.graph.isHidden);
  if (reduce["values"] === true) {
    const limit = number(reduce["limit"]) ?? READINGS_MAX;
    return picked
      .flatMap((field) =>
        field.series.values.map((value, at) => toReading(field, `${field.key} ${at}`, field.name, value, context)),
      )
      .slice(0, limit);
  }
  const calcs = strings(list(reduce["calcs"]));
  const [first = "lastNotNull"] = calcs;
  const all = calcs.length > 1 && picked.length === 1 ? calcs : [first];
  return picked
    .flatMap((field) =>
      all.map((calc) => {
        const reducer = reducerOf(calc);
        const title = all.length > 1 ? reducer.label : field.name;
        const plain = reducer.keepsUnit ? field : { ...field, config: { ...field.config, unit: "" } };
        return toReading(plain, `${field.key} ${calc}`, title, reducer.reduce(field.series.values), context);
      }),
    )
    .slice(0, READINGS_MAX);
}

function isPicked(pattern: string): (field: Field) => boolean {
  if (pattern === "") return () => true;
  const regex = toRegExp(pattern);
  return (field) => field.name === pattern || (pattern.startsWith("/") && (regex?.test(field.name) ?? false));
}

function toReading(field: Field, key: string, title: string, value: number | null, context: DisplayContext): Reading {
  return { key, title, value, field, shown: showValue(value, field.config, field.bounds, 0, context) };
}
