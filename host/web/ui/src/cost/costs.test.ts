import { expect, it } from "vitest";
import { barLength, shareOf, sortRows, type Column } from "./costs";

interface Row {
  name: string;
  spent: number | null;
}

const SPENT: Column<Row> = { key: "spent", title: "Spent", value: (row) => row.spent, text: (row) => String(row.spent) };
const ROWS: Row[] = [
  { name: "a", spent: 1 },
  { name: "b", spent: null },
  { name: "c", spent: 4 },
  { name: "d", spent: null },
];

it("puts the dearest first and the unknown last, in their order", () =>
  expect(sortRows(ROWS, SPENT).map((row) => row.name)).toEqual(["c", "a", "b", "d"]));

it("compares with the largest row", () =>
  expect(ROWS.map((row) => barLength(row, ROWS, SPENT))).toEqual([0.25, null, 1, null]));

it("draws no longer bar than the whole", () => {
  const column = { ...SPENT, share: (row: Row) => shareOf(row.spent, 2) };
  expect(ROWS.map((row) => barLength(row, ROWS, column))).toEqual([0.5, null, 1, null]);
});

it("has no bars where nothing was spent", () =>
  expect(barLength({ name: "a", spent: 0 }, [{ name: "a", spent: 0 }], SPENT)).toBeNull());
