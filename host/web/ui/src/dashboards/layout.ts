/** Sections and panels as they stand on the page, once for each value where they are repeated. Pure. */
import type { Panel, Section } from "./model";
import type { Scope, VariableValue } from "./variables/scope";

export interface PlacedPanel {
  key: string;
  panel: Panel;
  /** With the one value of a repetition. */
  scope: Scope;
}

export interface PlacedSection {
  key: string;
  section: Section;
  scope: Scope;
  panels: PlacedPanel[];
}

/** A repetition of which only the first copies are shown. */
export interface CutRepeat {
  variable: string;
  shown: number;
  all: number;
}

const COLUMNS = 24;
/** More copies than this are a mistake. */
const COPIES_MAX = 60;

export function placeSections(sections: readonly Section[], scope: Scope): PlacedSection[] {
  return sections.flatMap((section) => {
    const scopes = section.repeat === null ? [scope] : copies(section.repeat, scope);
    return scopes.map((own, index) => {
      // Unlike the mark of a panel's copies: in copied sections there may be both.
      const suffix = index === 0 ? "" : `_${index}`;
      return { key: `${section.key}${suffix}`, section, scope: own, panels: placePanels(section.panels, own, suffix) };
    });
  });
}

/** The variables that have more values than there are copies. */
export function cutRepeats(sections: readonly Section[], scope: Scope): CutRepeat[] {
  const repeated = sections.flatMap(({ repeat, panels }) => [repeat, ...panels.map((panel) => panel.repeat?.variable)]);
  const variables = [...new Set(repeated)].filter((each) => each !== null && each !== undefined);
  return variables.flatMap((variable) => {
    const all = scope.get(variable)?.values.length ?? 0;
    return all > COPIES_MAX ? [{ variable, shown: COPIES_MAX, all }] : [];
  });
}

/** A scope for each value of a variable. */
function copies(variable: string, scope: Scope): Scope[] {
  const value = scope.get(variable);
  if (!value || value.values.length === 0) return [scope];
  return value.values.slice(0, COPIES_MAX).map((each, index) => {
    const one: VariableValue = { ...value, values: [each], texts: [value.texts[index] ?? each], isAll: false };
    return new Map([...scope, [variable, one]]);
  });
}

/** Copies take more rows than the panel did: what stands below it moves down. */
function placePanels(panels: readonly Panel[], scope: Scope, suffix: string): PlacedPanel[] {
  const placed: PlacedPanel[] = [];
  let [moved, movedFrom] = [0, Number.POSITIVE_INFINITY];
  const ordered = [...panels].sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  for (const panel of ordered) {
    const y = panel.place.y + (panel.place.y >= movedFrom ? moved : 0);
    if (panel.repeat === null) {
      placed.push({ key: `${panel.key}${suffix}`, panel: { ...panel, place: { ...panel.place, y } }, scope });
      continue;
    }
    const scopes = copies(panel.repeat.variable, scope);
    const { isVertical, perLine } = panel.repeat;
    const inLine = isVertical ? 1 : Math.max(1, Math.min(scopes.length, perLine));
    const w = isVertical ? panel.place.w : Math.floor(COLUMNS / inLine);
    scopes.forEach((own, index) => {
      const place = {
        x: isVertical ? panel.place.x : (index % inLine) * w,
        y: y + Math.floor(index / inLine) * panel.place.h,
        w,
        h: panel.place.h,
      };
      placed.push({
        key: `${panel.key}${suffix}${index === 0 ? "" : `-${index}`}`,
        panel: { ...panel, place },
        scope: own,
      });
    });
    const lines = Math.ceil(scopes.length / inLine);
    if (lines > 1) {
      moved += (lines - 1) * panel.place.h;
      movedFrom = Math.min(movedFrom, panel.place.y + panel.place.h);
    }
  }
  return placed;
}
