/** What is too much to be shown at once, and how that is said. Pure. */

import { formatValue } from "../../format/value";

export interface Cut {
  shown: number;
  all: number;
  /** What is counted, in the plural. */
  what: string;
}

/** The first of many. */
export function cutTo<T>(items: readonly T[], max: number, what: string): [shown: readonly T[], cut: Cut] {
  const shown = items.length > max ? items.slice(0, max) : items;
  return [shown, { shown: shown.length, all: items.length, what }];
}

/** Null where nothing is left out. */
export function cutText({ shown, all, what }: Cut): string | null {
  if (shown >= all) return null;
  return `The first ${formatValue(shown)} of ${formatValue(all)} ${what} are shown.`;
}
