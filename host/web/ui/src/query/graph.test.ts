import { describe, expect, it } from "vitest";
import { ownNotes, shownAs, type Graph } from "./graph";
import type { HistogramSeries } from "./histograms";
import type { PlotData } from "./plotData";

const EMPTY: PlotData = { times: [], series: [], cutSeries: 0, histogramSeries: 0 };
const LINES: PlotData = { ...EMPTY, series: [{ name: "a", labels: {}, values: [1] }] };
const HISTOGRAM: HistogramSeries = { name: "h", labels: {}, kind: "native", columns: [] };

const GRAPH: Graph = {
  data: { resultType: "matrix", result: [] },
  plot: LINES,
  window: { startMs: 0, endMs: 1, stepMs: 1 },
  exemplars: null,
  exemplarError: null,
};

describe("shownAs", () => {
  it("keeps what can be drawn as it was asked for", () => {
    expect(shownAs("stacked", LINES, [])).toBe("stacked");
    expect(shownAs("heatmap", LINES, [HISTOGRAM])).toBe("heatmap");
  });

  it("draws what there is otherwise", () => {
    expect(shownAs("heatmap", LINES, [])).toBe("lines");
    expect(shownAs("lines", { ...EMPTY, histogramSeries: 1 }, [])).toBe("heatmap");
  });
});

describe("ownNotes", () => {
  const notes = (graph: Partial<Graph>, wanted = "lines", shown = "lines", histograms = 0) =>
    ownNotes({ ...GRAPH, ...graph }, wanted as "lines", shown as "lines", histograms);

  it("says nothing where all is plain", () => expect(notes({})).toEqual([]));

  it("says what is drawn another way than asked for, or not at all", () => {
    expect(notes({}, "heatmap", "lines")[0]).toContain("needs native histograms");
    expect(notes({}, "lines", "heatmap", 1)[0]).toContain("drawn as a heatmap");
    expect(notes({}, "heatmap", "heatmap", 3)[0]).toContain("3 histograms are added up");
    expect(notes({ plot: { ...LINES, histogramSeries: 1 } })[0]).toContain("1 native histogram is left out");
  });

  it("says why there are no exemplars", () => {
    expect(notes({ exemplars: { marks: [], cut: 0 }, exemplarError: "switched off" })).toEqual([
      "The exemplars cannot be shown: switched off",
    ]);
    expect(notes({ exemplars: { marks: [], cut: 0 } })[0]).toContain("no exemplars");
  });
});
