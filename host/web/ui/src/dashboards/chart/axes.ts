/** Which value axes a graph has, and what is written at them. Pure. */
import type { Zone } from "../../format/time";
import type { Field } from "../data/fields";
import { BINARY } from "../values/unitTable";
import { joinFormatted, unitFormatter } from "../values/units";

export interface ValueAxis {
  /** The name of uPlot's scale. */
  scale: string;
  unit: string;
  decimals: number | null;
  isRight: boolean;
  isHidden: boolean;
  label: string;
  min: number | null;
  max: number | null;
  softMin: number | null;
  softMax: number | null;
  isCentered: boolean;
  logBase: number | null;
  /** Whether something on it is stacked or filled, and so must stand on zero. */
  hasGround: boolean;
}

/** The axes, and for each field the name of its scale. Fields of one unit and side share an axis. */
export function axesOf(fields: readonly Field[]): { axes: ValueAxis[]; scales: string[] } {
  const axes = new Map<string, ValueAxis>();
  const scales = fields.map((field) => {
    const { config } = field;
    const { graph } = config;
    const unit = graph.stacking === "percent" ? "percentunit" : config.unit;
    const bounds = graph.stacking === "percent" ? { min: null, max: null } : config;
    const key = [unit, graph.axisPlacement, bounds.min, bounds.max, graph.logBase].join(" ");
    const found = axes.get(key);
    const hasGround = graph.stacking !== "none" || graph.draw === "bars";
    if (found) {
      found.hasGround ||= hasGround;
      found.label ||= graph.axisLabel;
      return found.scale;
    }
    const scale = `y${axes.size}`;
    axes.set(key, {
      scale,
      unit,
      decimals: graph.stacking === "percent" ? null : config.decimals,
      // A second axis stands at the right unless it is told to stand at the left.
      isRight: graph.axisPlacement === "right" || (graph.axisPlacement === "auto" && axes.size > 0),
      isHidden: graph.axisPlacement === "hidden",
      label: graph.axisLabel,
      min: bounds.min,
      max: bounds.max,
      softMin: graph.softMin,
      softMax: graph.softMax,
      isCentered: graph.isCentered,
      logBase: graph.logBase,
      hasGround,
    });
    return scale;
  });
  return { axes: [...axes.values()], scales };
}

/** Enough for ticks that no few decimals write exactly, such as thirds of a minute. */
const TICK_DECIMALS_MAX = 2;

/** Ticks in the unit of the axis, with as few decimals as write them exactly and tell neighbors apart. */
export function tickTexts(
  ticks: readonly (number | null)[],
  axis: Pick<ValueAxis, "unit" | "decimals">,
  zone: Zone,
): string[] {
  const format = unitFormatter(axis.unit, zone);
  const write = (decimals: number | null) => ticks.map((tick) => (tick === null ? null : format(tick, decimals)));
  const join = (texts: ReturnType<typeof write>) => texts.map((text) => (text === null ? "" : joinFormatted(text)));
  const finest = write(8);
  for (let decimals = axis.decimals ?? 0; decimals < 8; decimals += 1) {
    const texts = write(decimals);
    const isTelling = new Set(join(texts)).size === texts.length;
    const isExact = texts.every(
      (text, index) =>
        text === null || Number(text.text) === Number(finest[index]?.text) || Number.isNaN(Number(text.text)),
    );
    if (isTelling && (isExact || decimals >= TICK_DECIMALS_MAX)) return join(texts);
  }
  return join(write(null));
}

function isBoolean(unit: string): boolean {
  return unit.startsWith("bool");
}

/** Distances of ticks where the usual ones are not round: powers of two, and yes and no. */
export function tickDistances(unit: string): number[] | null {
  if (isBoolean(unit)) return [1];
  return unit in BINARY ? Array.from({ length: 80 }, (_, power) => 2 ** (power - 10)) : null;
}

/** Always some height; a stack stands on zero; bounds of the field hold. */
export function valueRange(low: number | null, high: number | null, axis: ValueAxis): [number, number] {
  let [min, max] = [low ?? 0, high ?? 1];
  if (isBoolean(axis.unit)) [min, max] = [Math.min(0, min), Math.max(1, max)];
  if (axis.softMin !== null) min = Math.min(min, axis.softMin);
  if (axis.softMax !== null) max = Math.max(max, axis.softMax);
  if (axis.logBase !== null) return logRange(axis.min ?? min, axis.max ?? max, axis.logBase);
  if (axis.hasGround) [min, max] = [Math.min(0, min), Math.max(0, max)];
  if (axis.isCentered) {
    const most = Math.max(Math.abs(min), Math.abs(max)) || 1;
    [min, max] = [-most, most];
  }
  const room = max > min ? (max - min) * 0.06 : Math.abs(max) * 0.5 || 1;
  // What is near zero is seen best from zero.
  const isNearZero = min >= 0 && min < (max - min) * 2;
  const below = min === 0 || isNearZero ? 0 : min - room;
  const above = max === 0 && min < 0 ? 0 : max + room;
  const [from, to] = [axis.min ?? below, axis.max ?? above];
  return from < to ? [from, to] : axis.max === null ? [from, from + 1] : [to - 1, to];
}

function logRange(min: number, max: number, base: number): [number, number] {
  const low = base ** Math.floor(Math.log(Math.max(min, 1e-12)) / Math.log(base));
  const high = base ** Math.ceil(Math.log(Math.max(max, low)) / Math.log(base));
  return [low, high > low ? high : low * base];
}
