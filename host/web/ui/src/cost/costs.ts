/** A table of costs as data: its columns, the order of its rows. Pure. */

export interface Column<R> {
  /** In the page's address. */
  key: string;
  title: string;
  /** What rows are sorted by; null where it is not known. */
  value: (row: R) => number | null;
  text: (row: R) => string;
  /** How much of all there is the row takes, from 0 to 1; without it a row is compared with the largest. */
  share?: (row: R) => number | null;
  /** Whether the share is of a limit, and nearing 1 is an alarm. */
  isLimit?: boolean;
}

/** The dearest first; what is not known comes last. */
export function sortRows<R>(rows: readonly R[], column: Column<R>): R[] {
  const worth = (row: R) => column.value(row) ?? Number.NEGATIVE_INFINITY;
  return [...rows].sort((a, b) => {
    const [left, right] = [worth(a), worth(b)];
    return left === right ? 0 : right - left;
  });
}

/** How long the bar of a row is, from 0 to 1; null where there is nothing to draw. */
export function barLength<R>(row: R, rows: readonly R[], column: Column<R>): number | null {
  const value = column.value(row);
  if (value === null) return null;
  if (column.share) {
    const share = column.share(row);
    return share === null ? null : Math.min(1, Math.max(0, share));
  }
  const most = rows.reduce((max, each) => Math.max(max, column.value(each) ?? 0), 0);
  return most > 0 ? Math.max(0, value) / most : null;
}

/** `part` of `whole`, from 0 up; null where the whole is nothing. */
export function shareOf(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}
