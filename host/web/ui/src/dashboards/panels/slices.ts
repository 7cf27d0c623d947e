/** Parts of a whole. Pure. */

export interface Slice {
  /** Where it begins, of the whole. */
  start: number;
  share: number;
}

/** One slice a value; what is no positive number has no part. */
export function slicesOf(values: readonly (number | null)[]): Slice[] {
  const parts = values.map((value) => (value !== null && Number.isFinite(value) && value > 0 ? value : 0));
  const whole = parts.reduce((sum, part) => sum + part, 0);
  let start = 0;
  return parts.map((part) => {
    const slice = { start, share: whole === 0 ? 0 : part / whole };
    start += slice.share;
    return slice;
  });
}
