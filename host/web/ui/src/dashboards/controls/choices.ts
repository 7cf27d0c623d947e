/** The options of a variable as a list to choose from. Pure. */
import { ALL } from "../read/variables";
import { chosenValues, type ResolvedVariable } from "../variables/resolve";

export interface Choice {
  value: string;
  label: string;
  disabled?: boolean;
}

/** A list longer than this is slow to open. */
const SHOWN_MAX = 500;
const MORE = "$__more";

/** What can be chosen, and what is chosen: that is in the list also where nobody knows of it. */
export function choicesOf({ variable, options, value }: ResolvedVariable): { choices: Choice[]; chosen: string[] } {
  const known = unique(options.map((each) => ({ value: each.value, label: each.text })));
  if (variable.kind === "interval") {
    // The value of "auto" is what it comes to.
    const chosen = options.filter((each) => value.texts.includes(each.text)).map((each) => each.value);
    return { choices: known, chosen };
  }
  const chosen = chosenValues(value);
  const unknown = chosen.filter((each) => each !== ALL && !options.some((option) => option.value === each));
  const all = variable.hasAll ? [{ value: ALL, label: "All" }] : [];
  return { choices: unique([...all, ...unknown.map((each) => ({ value: each, label: each })), ...known]), chosen };
}

/** Mantine draws no list in which a value is twice. */
function unique(choices: readonly Choice[]): Choice[] {
  return [...new Map(choices.map((each) => [each.value, each])).values()];
}

/** Those whose text has what is typed; beyond what a list can hold it says how many there are. */
export function boundedChoices(choices: readonly Choice[], search: string): Choice[] {
  const wanted = search.trim().toLowerCase();
  const found = choices.filter(({ label }) => label.toLowerCase().includes(wanted));
  const left = found.length - SHOWN_MAX;
  if (left <= 0) return found;
  return [...found.slice(0, SHOWN_MAX), { value: MORE, label: `${left} more: type a part of their name`, disabled: true }];
}
