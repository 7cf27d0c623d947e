/** Selectors as they are typed, one a line. Pure. */

export function readSelectors(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
