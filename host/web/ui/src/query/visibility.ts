/** Which series of a graph are shown. Null stands for all, so that new series are visible. Pure. */

export type Visible = ReadonlySet<string> | null;

/** What of `visible` counts among these names: where all of them are gone, a graph of nothing helps nobody. */
export function among(visible: Visible, names: readonly string[]): Visible {
  return visible !== null && names.some((name) => visible.has(name)) ? visible : null;
}

/** Shows `name` alone; shows all again if it was alone already. */
export function isolate(visible: Visible, name: string): Visible {
  const isAlone = visible !== null && visible.size === 1 && visible.has(name);
  return isAlone ? null : new Set([name]);
}

/** Switches `name`. The last one switched off brings all back. */
export function toggle(visible: Visible, names: readonly string[], name: string): Visible {
  const next = new Set(visible ?? names);
  if (!next.delete(name)) next.add(name);
  const shown = names.filter((each) => next.has(each)).length;
  return shown === 0 || shown === names.length ? null : next;
}
