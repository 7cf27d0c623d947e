// A distribution in buckets.

/** Counts observations by upper bound. */
export class Histogram {
  readonly #bounds: number[];
  /** One more than the bounds: the last bucket has none. */
  readonly #counts: number[];
  #sum = 0;

  /** Bounds are sorted; those that are not finite or stand twice are dropped. */
  constructor(bounds: number[]) {
    this.#bounds = [...new Set(bounds.filter(Number.isFinite))].sort((a, b) => a - b);
    this.#counts = new Array<number>(this.#bounds.length + 1).fill(0);
  }

  /** Counts one observation. NaN counts into the last bucket. */
  observe(value: number): void {
    this.add(value, 1);
    this.#sum += value;
  }

  /** Adds observations that were counted elsewhere, of which only the bucket is known. The sum does not change. */
  add(value: number, count: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.#bounds.length : found;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
  }

  /** Adds to the sum of observations. */
  addSum(sum: number): void {
    this.#sum += sum;
  }

  /** How many were observed. */
  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** The sum of what was observed. */
  get sum(): number {
    return this.#sum;
  }

  /** Bounds with the count at or below each; the last is infinite and has all. */
  cumulative(): [bound: number, count: number][] {
    let total = 0;
    return [...this.#bounds, Infinity].map((bound, at) => {
      total += this.#counts[at] ?? 0;
      return [bound, total];
    });
  }
}
