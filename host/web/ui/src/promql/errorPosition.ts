/** Where in an expression the host found an error. Pure. */

export interface ErrorPosition {
  /** The offset into the expression, in UTF-16 units as the editor counts. */
  offset: number;
  /** The line that holds the error, and the column in it, both from 0. */
  line: string;
  column: number;
  lineNumber: number;
  /** The error's text without the position in front. */
  message: string;
}

/**
 * Finds "line:column: " as the API writes it, as in `invalid parameter "query": 1:9: parse error: ...`.
 * Columns count bytes of UTF-8, from 1. Null when there is no position, or none within the expression.
 */
export function findErrorPosition(error: string, expr: string): ErrorPosition | null {
  const match = /(?:^|[\s:])(\d+):(\d+): /.exec(error);
  if (!match) return null;
  const lineNumber = Number(match[1]) - 1;
  const lines = expr.split("\n");
  const line = lines[lineNumber];
  if (line === undefined) return null;
  const column = utf16Column(line, Number(match[2]) - 1);
  if (column === null) return null;
  const before = lines.slice(0, lineNumber).reduce((sum, each) => sum + each.length + 1, 0);
  const message = error.slice(match.index + match[0].length);
  return { offset: before + column, line, column, lineNumber, message };
}

/** The UTF-16 column of a byte column; null past the line's end. */
function utf16Column(line: string, bytes: number): number | null {
  let left = bytes;
  let column = 0;
  for (const char of line) {
    if (left <= 0) return column;
    left -= new TextEncoder().encode(char).length;
    column += char.length;
  }
  return left <= 0 ? column : null;
}
