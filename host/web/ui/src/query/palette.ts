/** Colors of series, in order of use. Readable on light and dark; neighbors differ in hue and lightness. */
const COLORS = [
  "#e8590c", "#1c7ed6", "#5c940d", "#ae3ec9", "#e6a700", "#0c8599", "#e03131", "#6741d9",
  "#2f9e44", "#d6336c", "#3b8fc2", "#a0622d", "#7a8b00", "#c2255c", "#4263eb", "#12a37f",
  "#b8860b", "#9c36b5", "#d9682b", "#5f7f93",
] as const;

export function seriesColor(index: number): string {
  return COLORS[index % COLORS.length] ?? COLORS[0];
}
