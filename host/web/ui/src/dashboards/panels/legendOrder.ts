/** The order of a legend with figures. Pure. */
import type { Field } from "../data/fields";
import { reducerOf } from "../values/reducers";

export interface LegendOrder {
  calc: string;
  isAscending: boolean;
}

/** By one figure; what has none, or one that is no number, comes last. */
export function sortFields(fields: readonly Field[], order: LegendOrder | null): readonly Field[] {
  if (!order) return fields;
  const { reduce } = reducerOf(order.calc);
  const ranked = fields.map((field) => ({ field, figure: reduce(field.series.values) ?? Number.NaN }));
  const sign = order.isAscending ? 1 : -1;
  ranked.sort(({ figure: a }, { figure: b }) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a === b ? 0 : a < b ? -sign : sign;
  });
  return ranked.map(({ field }) => field);
}
