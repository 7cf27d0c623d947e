import { describe, expect, it } from "vitest";
import type { Series } from "./series";
import { tablesOf, type Cell, type Column, type Table } from "./table";
import { transform, withVariables } from "./transform";
import vectors from "./transforms.json";

const series = (refId: string, labels: Record<string, string>, values: number[], isTable = true): Series => ({
  refId, labels, name: Object.values(labels).join(" "), values, times: values.map((_value, index) => index * 1000), stepMs: 1000, isTable,
});
const rows = (table: Table | undefined) =>
  (table?.columns[0]?.values ?? []).map((_value, row) => Object.fromEntries((table?.columns ?? []).map((column) => [column.name, column.values[row]])));
const run = (tables: Table[], ...steps: [string, object?][]) => transform(tables, steps.map(([id, options = {}]) => ({ id, options: options as never })));

const DISKS = tablesOf([
  series("A", { host: "x", disk: "sda" }, [10]),
  series("A", { host: "x", disk: "sdb" }, [30]),
  series("A", { host: "y", disk: "sda" }, [20]),
  series("B", { host: "x", disk: "sda" }, [1]),
  series("B", { host: "y", disk: "sda" }, [2]),
]);

it("makes a table of each target, or of each series", () => {
  expect(DISKS.map((table) => table.columns.map((column) => column.name))).toEqual([
    ["Time", "disk", "host", "Value #A"],
    ["Time", "disk", "host", "Value #B"],
  ]);
  expect(tablesOf([series("A", { job: "n" }, [1, 2], false)]).map((table) => table.columns.map((column) => column.name))).toEqual([["Time", "n"]]);
});

describe("transform", () => {
  it("merges by what is the same", () => {
    expect(rows(run(DISKS, ["merge"], ["organize", { excludeByName: { Time: true }, renameByName: { "Value #A": "Size" }, indexByName: { host: 0 } }]).tables[0])).toEqual([
      { host: "x", disk: "sda", Size: 10, "Value #B": 1 },
      { host: "x", disk: "sdb", Size: 30, "Value #B": null },
      { host: "y", disk: "sda", Size: 20, "Value #B": 2 },
    ]);
  });

  it("groups, sorts and limits", () => {
    const { tables } = run(
      DISKS.slice(0, 1),
      ["groupBy", { fields: { host: { operation: "groupby" }, "Value #A": { operation: "aggregate", aggregations: ["sum", "count"] } } }],
      ["sortBy", { sort: [{ field: "Value #A (sum)", desc: true }] }],
      ["limit", { limitField: 1 }],
    );
    expect(rows(tables[0])).toEqual([{ host: "x", "Value #A (sum)": 40, "Value #A (count)": 2 }]);
  });

  it("joins by time and calculates", () => {
    const tables = tablesOf([series("A", { n: "a" }, [1, 2, 3], false), series("B", { n: "b" }, [10, 20], false)]);
    const { tables: joined } = run(
      tables,
      ["joinByField", { byField: "Time", mode: "outer" }],
      ["calculateField", { mode: "binary", alias: "both", binary: { left: "a", operator: "+", right: "b" } }],
      ["filterFieldsByName", { include: { names: ["Time", "both"] } }],
    );
    expect(rows(joined[0])).toEqual([{ Time: 0, both: 11 }, { Time: 1000, both: 22 }, { Time: 2000, both: null }]);
  });

  it("reduces to a row a series, and names anew", () => {
    const tables = tablesOf([series("A", { n: "web-1" }, [1, 5], false), series("A", { n: "web-2" }, [7], false)]);
    const { tables: reduced } = run(tables, ["renameByRegex", { regex: "web-(.*)", renamePattern: "$1" }], ["reduce", { reducers: ["max", "lastNotNull"] }]);
    expect(rows(reduced[0])).toEqual([{ Field: "1", Max: 5, "Last *": 5 }, { Field: "2", Max: 7, "Last *": 7 }]);
  });

  it("makes columns of rows, and takes the fields that are told", () => {
    const first = DISKS.slice(0, 1);
    expect(rows(run(first, ["rowsToFields", { mappings: [{ fieldName: "disk", handlerKey: "field.name" }, { fieldName: "Value #A", handlerKey: "field.value" }] }]).tables[0])).toEqual([{ sda: 20, sdb: 30 }]);
    const { tables } = run(first, ["groupBy", { fields: { host: { operation: "groupby" }, "Value #A": { operation: "aggregate", aggregations: ["sum"] } } }], ["rowsToFields"]);
    expect(rows(tables[0])).toEqual([{ x: 40, y: 20 }]);
  });

  it("makes tables of parts, and series of long tables", () => {
    const { tables } = run(DISKS.slice(0, 1), ["partitionByValues", { fields: ["host"] }]);
    expect(tables.map((table) => [table.name, rows(table)])).toEqual([
      ["x", [{ Time: 0, disk: "sda", "Value #A": 10 }, { Time: 0, disk: "sdb", "Value #A": 30 }]],
      ["y", [{ Time: 0, disk: "sda", "Value #A": 20 }]],
    ]);
    const long = tablesOf([series("A", { n: "a" }, [1, 2]), series("A", { n: "b" }, [10])]);
    const made = run(long, ["prepareTimeSeries", { format: "multi" }]).tables;
    expect(made.map((table) => [table.name, table.columns[1]?.labels, rows(table)])).toEqual([["a", { n: "a" }, [{ Time: 0, a: 1 }, { Time: 1000, a: 2 }]], ["b", { n: "b" }, [{ Time: 0, b: 10 }]]]);
    expect(rows(run(long, ["prepareTimeSeries", { format: "wide" }]).tables[0])).toEqual([{ Time: 0, a: 1, b: 10 }, { Time: 1000, a: 2, b: null }]);
  });

  it.each([
    ["trailing", "mean", "fixed", 2, [1, 3, 4, 5.5, 5, 5.5, 6.5]],
    ["trailing", "mean", "percentage", 0.5, [1, 3, 3, 4.25, 4.5, 5.5, 5.75]],
    ["centered", "mean", "fixed", 4, [3, 3, 4.25, 4.5, 5.5, 5.75, 5]],
    ["centered", "variance", "fixed", 2, [0, 4, 1, 6.25, 9, 12.25, 6.25]],
  ])("moves a window %s for %s (%s %s)", (windowAlignment, reducer, windowSizeMode, windowSize, expected) => {
    const tables = tablesOf([series("A", { n: "v" }, [1, 5, 3, 8, 2, 9, 4], false)]);
    const window = { field: "v", reducer, windowAlignment, windowSizeMode, windowSize };
    expect(run(tables, ["calculateField", { mode: "windowFunctions", window }]).tables[0]?.columns[2]?.values).toEqual(expected);
  });

  it("leaves out a join in which everything meets everything", () => {
    const many = (refId: string) => Array.from({ length: 400 }, (_, index) => series(refId, { n: String(index) }, [index]));
    const tables = tablesOf([...many("A"), ...many("B")]);
    for (const mode of ["inner", "outerTabular"]) expect(run(tables, ["joinByField", { mode }])).toEqual({ tables, unknown: ["joinByField (more than 100000 rows)"] });
    expect(run(tables, ["joinByField", { mode: "outer" }]).unknown).toEqual([]);
  });

  it("reads numbers and times out of texts", () => {
    const table: Table = { refId: "A", name: "", columns: [{ name: "n", type: "string", refId: "A", values: ["1,000.5", "x", "", null] }, { name: "t", type: "string", refId: "A", values: ["2024-01-02T03:04:05Z", "1000", "x", null] }] };
    const { tables } = run([table], ["convertFieldType", { conversions: [{ targetField: "n", destinationType: "number" }, { targetField: "t", destinationType: "time" }] }]);
    expect(tables[0]?.columns.map(({ type, values }) => [type, values])).toEqual([["number", [1000.5, null, null, null]], ["time", [1_704_164_645_000, 1000, null, null]]]);
  });

  it("replaces variables in options, and takes the fields that one names", () => {
    const value = (...values: string[]) => ({ values, texts: values, isAll: false, isList: true, allValue: "" });
    const scope = new Map([["host", value("y")], ["shown", value("Time", "Value #A")]]);
    const steps = withVariables(
      [
        { id: "filterByValue", options: { type: "include", match: "any", filters: [{ fieldName: "host", config: { id: "equal", options: { value: "$host" } } }] } },
        { id: "filterFieldsByName", options: { byVariable: true, include: { variable: "$shown" } } },
        { id: "renameByRegex", options: { regex: "Value #(.*)", renamePattern: "${host} $1" } },
      ],
      scope,
    );
    expect(rows(transform(DISKS.slice(0, 1), steps).tables[0])).toEqual([{ Time: 0, "y A": 20 }]);
  });

  it.each([
    ["rowsToFields", { mappings: [{ fieldName: "host", handlerKey: "unit" }] }, "rowsToFields (unit)"],
    ["convertFieldType", { conversions: [{ targetField: "host", destinationType: "enum" }] }, "convertFieldType (enum)"],
    ["prepareTimeSeries", { format: "long" }, "prepareTimeSeries (long)"],
    ["reduce", { mode: "other", reducers: ["max"] }, "reduce (other)"],
    ["reduce", { reducers: ["max", "allIsZero"] }, "reduce (allIsZero)"],
    ["joinByField", { byField: "Time", mode: "left" }, "joinByField (left)"],
    ["calculateField", { mode: "windowFunctions", window: { reducer: "median" } }, "calculateField (median)"],
    ["calculateField", { mode: "binary", binary: { left: "a", operator: "xor", right: "b" } }, "calculateField (xor)"],
    ["calculateField", { mode: "reduceRow", reduce: { reducer: "uniqueValues" } }, "calculateField (uniqueValues)"],
    ["filterByValue", { filters: [{ fieldName: "host", config: { id: "strange" } }] }, "filterByValue (strange)"],
    ["labelsToFields", { mode: "rows" }, "labelsToFields (rows)"],
    ["groupBy", { fields: { host: { operation: "aggregate", aggregations: ["countAll"] } } }, "groupBy (countAll)"],
  ])("computes nothing else in the place of %s %j", (id, options, name) => expect(run(DISKS, [id, options])).toEqual({ tables: DISKS, unknown: [name] }));

  it("sorts what is no number before numbers, and infinities at the ends", () => {
    const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
    const values = [3, nan, inf, 1, null, -inf, nan, 2, inf];
    const table: Table = { refId: "A", name: "", columns: [{ name: "v", type: "number", refId: "A", values }] };
    const sorted = (desc: boolean) => run([table], ["sortBy", { sort: [{ field: "v", desc }] }]).tables[0]?.columns[0]?.values;
    expect(sorted(false)).toEqual([null, nan, nan, -inf, 1, 2, 3, inf, inf]);
    expect(sorted(true)).toEqual([inf, inf, 3, 2, 1, -inf, nan, nan, null]);
  });

  it("says what it does not know", () => expect(run(DISKS, ["heatmap"], ["merge"])).toMatchObject({ unknown: ["heatmap"], tables: { length: 1 } }));
});

describe("transform does what Grafana does", () => {
  const inputs: Record<string, Table[]> = {
    series: tablesOf(vectors.series.map((each) => ({ ...each, labels: each.labels as unknown as Record<string, string>, stepMs: 1000, isTable: false }))),
    tables: vectors.tables.map(({ refId, columns }) => ({
      refId, name: "", columns: columns.map(([name, type, values]) => ({ name, type, values, refId }) as Column),
    })),
  };
  it.each(vectors.cases.map((each) => [each.input, JSON.stringify(each.steps), each] as const))("%s %s", (input, _steps, { steps, tables }) => {
    const { tables: ours, unknown } = transform(inputs[input] ?? [], steps as never);
    expect(unknown).toEqual([]);
    // What Grafana computes of a sample that is missing is no number; here it is missing.
    const theirs = tables.map((columns) => columns.map(([name, type, values]) => [name, type, (values as Cell[]).map((cell) => (cell === "NaN" ? null : cell))]));
    expect(ours.map(({ columns }) => columns.map(({ name, type, values }) => [name, type, values]))).toEqual(theirs);
  });
});
