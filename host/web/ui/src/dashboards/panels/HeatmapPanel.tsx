import { lazy, Suspense, useMemo } from "react";
import { toHistograms } from "../../query/histograms";
import { useDashboard } from "../context";
import type { TargetAnswer } from "../data/ask";
import { flag, type Json } from "../json";
import { NoData } from "./NoData";

const Heat = lazy(() => import("../chart/Heat"));

/** How often values were in which range, over time. */
export function HeatmapPanel({ options, answers }: { options: Json; answers: readonly TargetAnswer[] }) {
  const { display, onZoom } = useDashboard();
  const first = answers.find(({ query }) => !query.isInstant);
  const window = useMemo(
    () => first && { startMs: first.query.startMs, endMs: first.query.endMs, stepMs: first.query.stepMs },
    [first],
  );
  const histograms = useMemo(
    () =>
      window
        ? answers.flatMap(({ query, data }) => (query.stepMs === window.stepMs ? toHistograms(data, window) : []))
        : [],
    [answers, window],
  );
  if (flag(options["calculate"]))
    return <NoData>This panel counts values into ranges by itself, which is not done here.</NoData>;
  if (!window || histograms.length === 0)
    return <NoData>No histogram: series with the label le, or native histograms, are drawn.</NoData>;
  return (
    <Suspense fallback={null}>
      <Heat histograms={histograms} window={window} isDark={display.scheme.isDark} onZoom={onZoom} />
    </Suspense>
  );
}
