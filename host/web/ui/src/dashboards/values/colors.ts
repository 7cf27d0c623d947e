/** Colors by Grafana's names, and colors of text that can be read. Pure. */

/** From dark to very light. */
const SHADES = ["dark", "semi-dark", "", "light", "super-light"] as const;

const HUES: Readonly<Record<string, readonly string[]>> = {
  green: ["#37872d", "#56a64b", "#73bf69", "#96d98d", "#c8f2c2"],
  yellow: ["#e0b400", "#f2cc0c", "#fade2a", "#ffee52", "#fff899"],
  red: ["#c4162a", "#e02f44", "#f2495c", "#ff7383", "#ffa6b0"],
  blue: ["#1f60c4", "#3274d9", "#5794f2", "#8ab8ff", "#c0d8ff"],
  orange: ["#fa6400", "#ff780a", "#ff9830", "#ffb357", "#ffcb7d"],
  purple: ["#8f3bb8", "#a352cc", "#b877d9", "#ca95e5", "#deb6f2"],
};

const PLAIN: Readonly<Record<string, string>> = {
  black: "#000000", white: "#ffffff", gray: "#8e8e8e", grey: "#8e8e8e", brown: "#a0622d", cyan: "#3fb8c4",
  magenta: "#d64fa8", pink: "#e58fb0", teal: "#2a9d8f",
};

/** Colors of scales that run from low to high. */
const SCALES: Readonly<Record<string, readonly string[]>> = {
  "continuous-GrYlRd": ["green", "yellow", "red"],
  "continuous-RdYlGr": ["red", "yellow", "green"],
  "continuous-BlYlRd": ["dark-blue", "super-light-yellow", "dark-red"],
  "continuous-YlRd": ["super-light-yellow", "dark-red"],
  "continuous-BlPu": ["blue", "purple"],
  "continuous-YlBl": ["super-light-yellow", "dark-blue"],
  "continuous-blues": ["#e3eefc", "dark-blue"],
  "continuous-reds": ["#fde5e8", "dark-red"],
  "continuous-greens": ["#e3f5e1", "dark-green"],
  "continuous-purples": ["#f3e6fa", "dark-purple"],
  "continuous-viridis": ["#440154", "#31688e", "#35b779", "#fde725"],
};

export interface Scheme {
  isDark: boolean;
  text: string;
  /** What panels are drawn on. */
  surface: string;
}

/** The color that CSS understands. */
export function colorOf(name: string, scheme: Scheme): string {
  if (name === "text" || name === "") return scheme.text;
  const [, shade = "", hue = ""] = /^(?:(dark|semi-dark|light|super-light)-)?([a-z]+)$/.exec(name) ?? [];
  const found = HUES[hue]?.[SHADES.findIndex((each) => each === shade)];
  return found ?? PLAIN[name] ?? name;
}

/** The color of a share between 0 and 1 on a scale; null where the mode is no scale. */
export function scaleColor(mode: string, share: number, scheme: Scheme): string | null {
  const names = SCALES[mode];
  if (!names) return null;
  const at = Math.min(1, Math.max(0, share)) * (names.length - 1);
  const low = Math.min(names.length - 2, Math.floor(at));
  const [from, to] = [names[low] ?? "", names[low + 1] ?? ""].map((name) => parseColor(colorOf(name, scheme)));
  return from && to ? hex(mix(from, to, at - low)) : null;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** "#rgb", "#rrggbb", "rgb(…)", "rgba(…)"; null for others. */
export function parseColor(color: string): Rgb | null {
  const digits = /^#([0-9a-f]{3,8})$/i.exec(color)?.[1];
  if (digits !== undefined) {
    const wide = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
    return [0, 2, 4].map((at) => Number.parseInt(wide.slice(at, at + 2), 16)) as unknown as Rgb;
  }
  const parts = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/i.exec(color);
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : null;
}

/** The same color, seen through. A color that cannot be read is left to CSS. */
export function withAlpha(color: string, alpha: number): string {
  const rgb = parseColor(color);
  if (!rgb) return `color-mix(in srgb, ${color} ${Math.round(alpha * 100)}%, transparent)`;
  return `rgba(${rgb.map(Math.round).join(", ")}, ${alpha})`;
}

/** A color over another one, seen through: what is then there. */
export function blend(color: string, background: string, alpha: number): string {
  const [rgb, behind] = [parseColor(color), parseColor(background)];
  return rgb && behind ? hex(mix(behind, rgb, alpha)) : color;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((at) => (from[at] ?? 0) + ((to[at] ?? 0) - (from[at] ?? 0)) * share) as unknown as Rgb;
}

function hex(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** As WCAG counts it: 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** WCAG AA, for text of any size, and for lines. */
const TEXT_CONTRAST_MIN = 4.5;
const LINE_CONTRAST_MIN = 2;
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** A color as text on a background: moved towards black or white until it can be read. */
export function readableOn(color: string, background: string): string {
  return towardsContrast(color, background, TEXT_CONTRAST_MIN);
}

/** A color as a line on a background. Colors were chosen for one scheme; less is asked of them, so that they stay themselves. */
export function visibleOn(color: string, background: string): string {
  return towardsContrast(color, background, LINE_CONTRAST_MIN);
}

function towardsContrast(color: string, background: string, least: number): string {
  const [rgb, behind] = [parseColor(color), parseColor(background)];
  if (!rgb || !behind) return color;
  const goal = contrast(WHITE, behind) > contrast(BLACK, behind) ? WHITE : BLACK;
  for (let share = 0; share <= 1; share += 0.05) {
    const mixed = mix(rgb, goal, share);
    if (contrast(mixed, behind) >= least) return share === 0 ? color : hex(mixed);
  }
  return hex(goal);
}

/** Black or white: what reads better on a colored background. */
export function textOn(background: string): string {
  const rgb = parseColor(background);
  if (!rgb) return "inherit";
  return contrast(WHITE, rgb) > contrast(BLACK, rgb) ? "#ffffff" : "#000000";
}
