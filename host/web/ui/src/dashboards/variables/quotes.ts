/** Values inside the strings of a text of PromQL: which string a place stands in, and what is escaped there. Pure. */

/** The quotes of a string; "" outside of strings, where a value is a part of the expression itself. */
export type Quote = '"' | "'" | "`" | "";

/** Reads a text from its beginning, and so answers for places that ascend. */
export function quotesOf(text: string): (at: number) => Quote {
  let place = 0;
  let open: Quote = "";
  return (at) => {
    for (; place < at; place += 1) {
      const char = text[place];
      if (open !== "") {
        if (char === "\\" && open !== "`") place += 1;
        else if (char === open) open = "";
      } else if (char === '"' || char === "'" || char === "`") open = char;
      else if (char === "#") place = endOfLine(text, place);
    }
    return open;
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** A value as it is. A string in backquotes knows no escapes. */
export function escapeIn(quote: Quote, value: string): string {
  if (quote === "" || quote === "`") return value;
  return value.replace(/\\/g, "\\\\").replaceAll("\n", "\\n").replaceAll(quote, `\\${quote}`);
}

/** One of several values, which stand in a regular expression. */
export function escapeListed(value: string, quote: Quote): string {
  if (quote === "") return value;
  const pattern = value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return quote === "`" ? pattern.replaceAll("`", "\\x60") : escapeIn(quote, pattern);
}
