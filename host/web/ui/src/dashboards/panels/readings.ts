/** The single values that stats, gauges and bar gauges show. Pure. */
import { cellsOf, fillRow, rowName, typeOf } from "../data/drawn";
import type { Field } from "../data/fields";
import { reduceCells } from "../data/reduce";
import type { Cell } from "../data/table";
import { number, record, strings, text, type Json } from "../json";
import { seriesColorOf, showValue, type DisplayContext, type Shown } from "../values/display";
import { reducerOf } from "../values/reducers";
import { toRegExp } from "../values/regexp";
import { joinFormatted } from "../values/units";
import { cutTo, type Cut } from "./cut";

export interface Reading {
  key: string;
  title: string;
  shown: Shown;
  value: number | null;
  /** By which parts of a whole are told apart. */
  color: string;
  /** As it stands in the data. */
  cell: Cell;
  /** Of which row it is; null for what a reducer made. */
  row: number | null;
  calc: string;
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

/** Each sample of each field, in colors of their own where a palette gives them. */
function ofValues(fields: readonly Field[], context: DisplayContext): Draft[] {
  return fields.flatMap((field) =>
    cellsOf(field.series).map((cell, at) => () => {
      const isNamed = field.config.displayName !== "";
      const title = isNamed ? fillRow(field.name, field.series, at) : rowName(field.series, field.name, at);
      return toReading({ ...field, index: at }, { key: `${field.key} ${at}`, title, cell, row: at, calc: "" }, context);
    }),
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
      const cell = reduceCells(calc, cellsOf(field.series));
      return toReading(plain, { key: `${field.key} ${calc}`, title, cell, row: null, calc }, context);
    }),
  );
}

/** Numbers, unless fields are named: then also texts and times. */
function isPicked(pattern: string): (field: Field) => boolean {
  if (pattern === "") return ({ series }) => typeOf(series) === "number";
  const regex = toRegExp(pattern);
  return (field) => field.name === pattern || (pattern.startsWith("/") && (regex?.test(field.name) ?? false));
}

type Drafted = Pick<Reading, "key" | "title" | "cell" | "row" | "calc">;

function toReading(field: Field, drafted: Drafted, context: DisplayContext): Reading {
  const { cell, row } = drafted;
  const { config, bounds, index } = field;
  const shown = showValue(cell, config, bounds, index, context);
  const value = typeof cell === "number" ? cell : null;
  const color = row === null ? field.color : seriesColorOf(config, [value], bounds, index, context.scheme);
  return { ...drafted, value, color, field, shown: joinFormatted(shown) === "" ? { ...shown, text: NOTHING } : shown };
}
