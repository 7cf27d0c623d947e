/** Which metrics rules and queries name. Pure. */

export interface Usage {
  rules: number;
  queries: number;
}

/** Identifiers, and what stands in quotes: `{"my.metric"}`. A `\` ends what can be a name. */
const NAMES = /"([^"\\]*)"|'([^'\\]*)'|[a-zA-Z_:][a-zA-Z0-9_:]*/g;

/** How many of the texts name each name. A metric that a regular expression selects is not seen. */
export function usageOf(rules: readonly string[], queries: readonly string[]): Map<string, Usage> {
  const usage = new Map<string, Usage>();
  const add = (texts: readonly string[], kind: keyof Usage) => {
    for (const text of texts) {
      for (const name of namesIn(text)) {
        const found = usage.get(name) ?? { rules: 0, queries: 0 };
        found[kind] += 1;
        usage.set(name, found);
      }
    }
  };
  add(rules, "rules");
  add(queries, "queries");
  return usage;
}

function namesIn(text: string): Set<string> {
  return new Set([...text.matchAll(NAMES)].map((match) => match[1] ?? match[2] ?? match[0]));
}
