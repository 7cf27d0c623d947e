/** Which of a target's many labels are read first. Pure. */
import type { Labels } from "../api";

/** What discovery tells besides: dozens of labels, of which rules use a few. */
const BESIDES = "__meta_";

/** The names that are left out where only `amount` labels are shown: those that discovery tells besides go first. */
export function foldedNames(labels: Labels, amount: number): string[] {
  const names = Object.keys(labels).sort();
  const isBesides = (name: string) => name.startsWith(BESIDES);
  return [...names.filter((name) => !isBesides(name)), ...names.filter(isBesides)].slice(amount);
}
