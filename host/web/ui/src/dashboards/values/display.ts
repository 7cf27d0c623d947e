/** A value as a field shows it: text, unit and color, after mappings and thresholds. Pure. */
import type { Zone } from "../../format/time";
import { seriesColor } from "../../query/palette";
import type { FieldConfig } from "../model";
import { colorOf, scaleColor, type Scheme } from "./colors";
import { mapValue } from "./mappings";
import { reducerOf, type Values } from "./reducers";
import { shareOf, thresholdColor } from "./thresholds";
import { joinFormatted, unitFormatter, type Formatted } from "./units";

export interface DisplayContext {
  scheme: Scheme;
  zone: Zone;
}

export interface Shown extends Formatted {
  /** For CSS. */
  color: string;
  /** Between min and max of the field: 0 to 1, or beyond. */
  share: number;
}

export interface Bounds {
  min: number;
  max: number;
}

/** The bounds of a field: those of its settings, else those of its values. */
export function boundsOf(config: FieldConfig, values: Values): Bounds {
  return {
    min: config.min ?? finite(reducerOf("min").reduce(values)) ?? 0,
    max: config.max ?? finite(reducerOf("max").reduce(values)) ?? 100,
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

export function showValue(
  value: number | string | null,
  config: FieldConfig,
  bounds: Bounds,
  index: number,
  context: DisplayContext,
): Shown {
  const mapped = mapValue(config.mappings, value);
  const isNumber = typeof value === "number" && !Number.isNaN(value);
  const share = isNumber ? shareOf(value, bounds.min, bounds.max) : 0;
  const color = mapped?.color ?? null;
  return {
    ...textOf(value, mapped?.text ?? null, config, context.zone),
    color:
      color === null
        ? fieldColor(config, isNumber ? value : Number.NEGATIVE_INFINITY, share, index, context.scheme)
        : colorOf(color, context.scheme),
    share,
  };
}

function textOf(value: number | string | null, mapped: string | null, config: FieldConfig, zone: Zone): Formatted {
  const plain = (text: string): Formatted => ({ prefix: "", text, suffix: "" });
  if (mapped !== null) return plain(mapped);
  if (typeof value === "number") {
    return unitFormatter(config.unit, zone)(value, config.decimals);
  }
  if (typeof value === "string" && value !== "") return plain(value);
  return plain(config.noValue);
}

/** The same as one text. */
export function valueText(value: number | string | null, config: FieldConfig, zone: Zone): string {
  return joinFormatted(textOf(value, mapValue(config.mappings, value)?.text ?? null, config, zone));
}

/** The color of a value; `index` counts the fields of the panel. */
function fieldColor(config: FieldConfig, value: number, share: number, index: number, scheme: Scheme): string {
  switch (config.colorMode) {
    case "fixed":
    case "shades":
      return colorOf(config.fixedColor, scheme);
    case "palette-classic":
      return seriesColor(index);
    case "palette-classic-by-name":
      return seriesColor(hash(config.displayName));
    default: {
      const scaled = scaleColor(config.colorMode, value === Number.NEGATIVE_INFINITY ? 0 : share, scheme);
      return scaled ?? colorOf(thresholdColor(config.thresholds, value, share) ?? "green", scheme);
    }
  }
}

/** The one color of a series. Without a mode of their own, series are told apart by the palette. */
export function seriesColorOf(
  config: FieldConfig,
  values: Values,
  bounds: Bounds,
  index: number,
  scheme: Scheme,
): string {
  if (config.colorMode === "" || config.colorMode.startsWith("palette")) {
    return fieldColor({ ...config, colorMode: config.colorMode || "palette-classic" }, 0, 0, index, scheme);
  }
  const value =
    reducerOf(config.colorBy === "last" ? "lastNotNull" : config.colorBy).reduce(values) ?? Number.NEGATIVE_INFINITY;
  return fieldColor(config, value, shareOf(value, bounds.min, bounds.max), index, scheme);
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);
}
