/** Colors of a heatmap's cells, from the little to the much. Pure. */

type Color = readonly [red: number, green: number, blue: number];

/** From near the background to the far end of ember: lightness alone tells the order. */
const LIGHT: readonly Color[] = [[255, 233, 217], [255, 189, 142], [247, 116, 42], [179, 66, 9], [84, 30, 4]];
const DARK: readonly Color[] = [[58, 36, 23], [110, 47, 14], [196, 78, 18], [251, 146, 66], [255, 226, 194]];

/** The color of an intensity from 0 to 1. */
export function heatColor(intensity: number, isDark: boolean): string {
  const stops = isDark ? DARK : LIGHT;
  const place = Math.min(1, Math.max(0, intensity)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [stops[below] ?? stops[0], stops[below + 1] ?? stops[0]] as [Color, Color];
  const mixed = from.map((part, index) => Math.round(part + ((to[index] ?? part) - part) * (place - below)));
  return `rgb(${mixed.join(", ")})`;
}

/** All of them as a CSS gradient. */
export function heatGradient(isDark: boolean): string {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((intensity) => heatColor(intensity, isDark));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
