/** One number out of a series: what legends, stats and gauges show. Pure; compared with Grafana's by reducers.test.ts. */

export type Values = readonly (number | null)[];

interface Reducer {
  label: string;
  /** Whether the result is in the unit of the values. */
  keepsUnit: boolean;
  reduce: (values: Values) => number | null;
}

const isNumber = (value: number | null): value is number => value !== null && !Number.isNaN(value);

function numbers(values: Values): number[] {
  return values.filter(isNumber);
}

function extreme(values: Values, isBetter: (value: number, than: number) => boolean): number | null {
  let found: number | null = null;
  for (const value of values) {
    if (isNumber(value) && (found === null || isBetter(value, found))) found = value;
  }
  return found;
}

const min = (values: Values) => extreme(values, (value, than) => value < than);
const max = (values: Values) => extreme(values, (value, than) => value > than);
const first = (values: Values) => values.find(isNumber) ?? null;
const last = (values: Values) => values.findLast(isNumber) ?? null;
const sum = (values: Values) => numbers(values).reduce((total, value) => total + value, 0);

function mean(values: Values): number | null {
  const found = numbers(values);
  return found.length === 0 ? null : sum(found) / found.length;
}

function percentile(values: Values, share: number): number | null {
  const sorted = numbers(values).sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)] ?? null;
}

function median(values: Values): number | null {
  const sorted = numbers(values).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)];
  if (high === undefined) return null;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? high) + high) / 2 : high;
}

function variance(values: Values): number | null {
  const found = numbers(values);
  const center = mean(found);
  if (center === null) return null;
  return found.reduce((total, value) => total + (value - center) ** 2, 0) / found.length;
}

function difference(values: Values): number | null {
  const [from, to] = [first(values), last(values)];
  return from === null || to === null ? null : to - from;
}

/** What a counter rose by: a fall is a restart, and the rise just after it is not counted. */
function delta(values: Values): number {
  let total = 0;
  let isRising = true;
  let before: number | null = null;
  for (const value of numbers(values)) {
    if (before !== null) {
      if (value < before) isRising = false;
      else {
        if (isRising) total += value - before;
        isRising = true;
      }
    }
    before = value;
  }
  return total;
}

function smallestStep(values: Values): number | null {
  const found = numbers(values);
  return min(found.slice(1).map((value, index) => value - (found[index] ?? 0)));
}

function present(values: Values): number[] {
  return values.filter((value) => value !== null);
}

function changes(values: Values): number {
  return present(values).filter((value, index, all) => index > 0 && value !== all[index - 1]).length;
}

function ratio(values: Values): number | null {
  const [from, change] = [first(values), difference(values)];
  return from === null || change === null ? null : (change / from) * 100;
}

const REDUCERS: Readonly<Record<string, Reducer>> = {
  lastNotNull: { label: "Last", keepsUnit: true, reduce: last },
  last: { label: "Last", keepsUnit: true, reduce: (values) => values.at(-1) ?? null },
  firstNotNull: { label: "First", keepsUnit: true, reduce: first },
  first: { label: "First", keepsUnit: true, reduce: (values) => values[0] ?? null },
  min: { label: "Min", keepsUnit: true, reduce: min },
  max: { label: "Max", keepsUnit: true, reduce: max },
  mean: { label: "Mean", keepsUnit: true, reduce: mean },
  median: { label: "Median", keepsUnit: true, reduce: median },
  variance: { label: "Variance", keepsUnit: false, reduce: variance },
  stdDev: { label: "Deviation", keepsUnit: true, reduce: (values) => nullable(variance(values), Math.sqrt) },
  sum: { label: "Total", keepsUnit: true, reduce: sum },
  count: { label: "Count", keepsUnit: false, reduce: (values) => present(values).length },
  range: {
    label: "Range",
    keepsUnit: true,
    reduce: (values) => nullable(max(values), (top) => top - (min(values) ?? top)),
  },
  delta: { label: "Delta", keepsUnit: true, reduce: delta },
  step: { label: "Step", keepsUnit: true, reduce: smallestStep },
  diff: { label: "Difference", keepsUnit: true, reduce: difference },
  diffperc: { label: "Difference %", keepsUnit: false, reduce: ratio },
  logmin: {
    label: "Min above zero",
    keepsUnit: true,
    reduce: (values) => min(values.map((value) => (value !== null && value > 0 ? value : null))),
  },
  changeCount: { label: "Changes", keepsUnit: false, reduce: changes },
  distinctCount: { label: "Distinct", keepsUnit: false, reduce: (values) => new Set(present(values)).size },
};

function nullable(value: number | null, then: (value: number) => number): number | null {
  return value === null ? null : then(value);
}

/** What Grafana calls the columns that reducers make, where its word is another: transformations name them. */
const TITLES: Readonly<Record<string, string>> = {
  lastNotNull: "Last *",
  firstNotNull: "First *",
  stdDev: "StdDev",
  diffperc: "Difference percent",
  logmin: "Min (above zero)",
  changeCount: "Change Count",
  distinctCount: "Distinct Count",
};

export function reducerTitle(name: string): string {
  return TITLES[name] ?? reducerOf(name).label;
}

const PERCENTILE = /^p(\d{1,2})$/;

export function isReducer(name: string): boolean {
  return Object.hasOwn(REDUCERS, name) || PERCENTILE.test(name);
}

/** "p95" and its like are percentiles; an unknown name is the last value. */
export function reducerOf(name: string): Reducer {
  const found = REDUCERS[name];
  if (found) return found;
  const share = PERCENTILE.exec(name)?.[1];
  if (share !== undefined) {
    return { label: `${share}th %`, keepsUnit: true, reduce: (values) => percentile(values, Number(share) / 100) };
  }
  return { label: "Last", keepsUnit: true, reduce: last };
}
