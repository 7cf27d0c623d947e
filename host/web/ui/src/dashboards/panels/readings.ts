/** The single values that stats, gauges and bar gauges show. Pure. */
import type { Field } from "../data/fields";
import { number, record, strings, text, type Json } from "../json";
import { showValue, type DisplayContext, type Shown } from "../values/display";
import { reducerOf } from "../values/reducers";
import { toRegExp } from "../values/regexp";
import { joinFormatted } from "../values/units";
import { cutTo, type Cut } from "./cut";

export interface Reading {
  key: string;
  title: string;
  shown: Shown;
  value: number | null;
  field: Field;
}

/** More than this is a table. */
const READINGS_MAX = 100;

/** Where there is no value, and the dashboard does not say what then. */
const NOTHING = "–";

/** One to be made: there may be very many, of which few are shown. */
type Draft = () => Reading;

export function readingsOf(
  options: Json,
  fields: readonly Field[],
  context: DisplayContext,
): [readings: readonly Reading[], cut: Cut] {
  const reduce = record(options["reduceOptions"]);
  const picked = fields.filter(isPicked(text(reduce["fields"]))).filter((field) => !field.config.graph.isHidden);
  const drafts = reduce["values"] === true ? ofValues(picked, context) : ofFields(picked, strings(reduce["calcs"]), context);
  // A limit of the dashboard is wanted; ours is said.
  const limit = reduce["values"] === true ? number(reduce["limit"]) : null;
  const [shown, cut] = cutTo(limit === null ? drafts : drafts.slice(0, limit), READINGS_MAX, "values");
  return [shown.map((make) => make()), cut];
}

/** Each sample of each field. */
function ofValues(fields: readonly Field[], context: DisplayContext): Draft[] {
  return fields.flatMap((field) =>
    field.series.values.map((value, at) => () => toReading(field, `${field.key} ${at}`, field.name, value, context)),
  );
}

/** What reducers make of each field; several of them only where there is one field. */
function ofFields(fields: readonly Field[], calcs: readonly string[], context: DisplayContext): Draft[] {
  const [first = "lastNotNull"] = calcs;
  const all = calcs.length > 1 && fields.length === 1 ? calcs : [first];
  return fields.flatMap((field) =>
    all.map((calc) => () => {
      const reducer = reducerOf(calc);
      const title = all.length > 1 ? reducer.label : field.name;
      const plain = reducer.keepsUnit ? field : { ...field, config: { ...field.config, unit: "" } };
      return toReading(plain, `${field.key} ${calc}`, title, reducer.reduce(field.series.values), context);
    }),
  );
}

function isPicked(pattern: string): (field: Field) => boolean {
  if (pattern === "") return () => true;
  const regex = toRegExp(pattern);
  return (field) => field.name === pattern || (pattern.startsWith("/") && (regex?.test(field.name) ?? false));
}

function toReading(field: Field, key: string, title: string, value: number | null, context: DisplayContext): Reading {
  const shown = showValue(value, field.config, field.bounds, 0, context);
  return { key, title, value, field, shown: joinFormatted(shown) === "" ? { ...shown, text: NOTHING } : shown };
}
