import { createContext, use, useCallback } from "react";
import { useDashboard } from "../context";
import { reducerTitle } from "../values/reducers";
import { joinFormatted } from "../values/units";
import { showValue } from "../values/display";
import { cellsOf } from "../data/drawn";
import type { Field } from "../data/fields";
import type { Cell } from "../data/table";
import type { ValueLink } from "../model";
import { withRange } from "../variables/resolve";
import type { Scope } from "../variables/scope";
import { resolveLink, type LinkSubject, type ResolvedLink } from "./address";

/** The variables of the panel around, with the one value of a repetition. */
export const PanelScope = createContext<Scope>(new Map());

type Resolve = (links: readonly ValueLink[], subject?: LinkSubject | null) => ResolvedLink[];

/** Resolves links as they are meant in the panel around. */
export function useLinks(): Resolve {
  const { links: context, range } = useDashboard();
  const scope = use(PanelScope);
  return useCallback(
    (links, subject = null) => {
      if (links.length === 0) return [];
      const own = withRange(scope, range);
      return links.map((link) => resolveLink(link, { ...context, range, scope: own }, subject));
    },
    [context, range, scope],
  );
}

/** The links of a value of a field: `row` is where it stands, null for what a reducer made. */
export function useFieldLinks(): (field: Field, cell: Cell, row: number | null, calc?: string) => ResolvedLink[] {
  const { display } = useDashboard();
  const resolve = useLinks();
  return (field, cell, row, calc = "") => {
    const { config, series, bounds, name } = field;
    if (config.links.length === 0) return [];
    const at = row ?? cellsOf(series).length - 1;
    const others = series.from?.table.columns.map((column) => ({ name: column.name, cell: column.values[at] ?? null })) ?? [
      { name: "Time", cell: series.times[at] ?? null },
      { name, cell },
    ];
    return resolve(config.links, {
      cell,
      text: joinFormatted(showValue(cell, config, bounds, 0, display)),
      timeMs: series.times[at] ?? null,
      calc: calc === "" ? "" : reducerTitle(calc),
      fieldName: name,
      seriesName: series.name,
      labels: series.labels,
      row: others.map((other) => ({ ...other, text: String(other.cell ?? "") })),
    });
  };
}
