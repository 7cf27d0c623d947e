/** What is being typed at the cursor, as completion needs it. Pure. */
import { formatSeries, formatLabelName, quote } from "../format/labels";

export interface Typed {
  text: string;
  /** Whether the cursor is in quotes, which are open. */
  isQuoted: boolean;
}

/** Finds it from the text before the cursor: the rest of an open string, else the end of a name. */
export function typedAt(before: string): Typed {
  let open: { quote: string; at: number } | null = null;
  for (let at = 0; at < before.length; at += 1) {
    const char = before.charAt(at);
    if (open === null) {
      if (char === "#") {
        const end = before.indexOf("\n", at);
        if (end === -1) break;
        at = end;
      } else if (char === '"' || char === "'" || char === "`") open = { quote: char, at };
    } else if (char === "\\" && open.quote !== "`") at += 1;
    else if (char === open.quote) open = null;
  }
  if (open) return { text: before.slice(open.at + 1), isQuoted: true };
  return { text: /[\w:.]*$/.exec(before)?.[0] ?? "", isQuoted: false };
}

/** A name as it is put into an expression: with quotes where it needs them and does not stand in some. */
export function insertedName(name: string, of: "metrics" | "labels", isQuoted: boolean): string {
  if (isQuoted) return quote(name).slice(1, -1);
  return of === "metrics" ? formatSeries({ __name__: name }) : formatLabelName(name);
}

/** The selector of a metric with matchers as they are written between braces; null where it selects nothing. */
export function selectorText(metric: string, matchers: string): string | null {
  if (metric === "") return matchers === "" ? null : `{${matchers}}`;
  const written = formatSeries({ __name__: metric });
  if (matchers === "") return written;
  return written.startsWith("{") ? `{${quote(metric)},${matchers}}` : `${written}{${matchers}}`;
}
