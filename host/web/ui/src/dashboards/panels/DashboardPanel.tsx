import { useElementSize, useIntersection, useMergedRef } from "@mantine/hooks";
import { useMemo, type ReactNode } from "react";
import { ErrorText } from "../../components/ErrorText";
import { useDashboard } from "../context";
import type { PanelData } from "../data/ask";
import { drawnOf, type Drawn } from "../data/drawn";
import { withVariables } from "../data/transform";
import { fieldsOf } from "../data/fields";
import { adviceText, histogramAdvice } from "../data/histogramAdvice";
import { panelRange } from "../data/queries";
import type { Series } from "../data/series";
import { usePanelData } from "../data/usePanelData";
import type { PlacedPanel } from "../layout";
import { PanelScope } from "../links/useLinks";
import { isDrawn, type Panel } from "../model";
import { interpolateText, type Scope } from "../variables/scope";
import { BarChartPanel } from "./BarChartPanel";
import { BarGaugePanel } from "./BarGaugePanel";
import { GaugePanel } from "./GaugePanel";
import { GraphPanel } from "./GraphPanel";
import { HeatmapPanel } from "./HeatmapPanel";
import { HistogramsPanel } from "./HistogramsPanel";
import { NoData } from "./NoData";
import { PanelBoundary } from "./PanelBoundary";
import { notesOf, PanelFrame } from "./PanelFrame";
import { PiePanel } from "./PiePanel";
import { StatesPanel } from "./StatesPanel";
import { StatPanel } from "./StatPanel";
import { TablePanel } from "./TablePanel";
import { TextPanel } from "./TextPanel";

/** Panels ask a little before they are seen. */
const AHEAD = "200px 0px";

/** One panel: asks while it is in view, and shows what its type wants. */
export function DashboardPanel({ placed }: { placed: PlacedPanel }) {
  const { panel, scope } = placed;
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
  const { ref: viewRef, entry } = useIntersection<HTMLDivElement>({ rootMargin: AHEAD });
  const ref = useMergedRef(sizeRef, viewRef);
  return (
    <PanelScope value={scope}>
      <div ref={ref} style={{ height: "100%" }}>
      {isDrawn(panel.type) && panel.type !== "text" && panel.foreignSource === null ? (
        <DataPanel
          panelKey={placed.key}
          panel={panel}
          scope={scope}
          isInView={entry?.isIntersecting ?? false}
          width={width}
        />
      ) : (
        <PlainPanel panelKey={placed.key} panel={panel} scope={scope} />
      )}
      </div>
    </PanelScope>
  );
}

interface Props {
  panelKey: string;
  panel: Panel;
  scope: Scope;
}

/** Panels that ask nothing: texts, and what is not drawn here. */
function PlainPanel({ panelKey, panel, scope }: Props) {
  const content = () => {
    if (panel.type === "text") return <TextPanel title={panel.title} options={panel.options} scope={scope} />;
    if (panel.missingLibrary !== null)
      return (
        <NoData>{`This is "${panel.missingLibrary}" of Grafana's library, which is not in this file. An export of the dashboard for sharing it externally brings it along; so does unlinking the panel there.`}</NoData>
      );
    if (panel.foreignSource !== null)
      return <NoData>{`This panel asks ${panel.foreignSource}, which is not this host.`}</NoData>;
    return <NoData>{`Panels of the type "${panel.type}" are not shown here.`}</NoData>;
  };
  return (
    <PanelFrame {...frameOf(panel, scope)} panelKey={panelKey} isLoading={false} notes={[]} queries={[]}>
      <PanelBoundary of={[panel, scope]}>{content()}</PanelBoundary>
    </PanelFrame>
  );
}

function frameOf(panel: Panel, scope: Scope) {
  return {
    title: interpolateText(panel.title, scope),
    description: interpolateText(panel.description, scope),
    isTransparent: panel.isTransparent,
    links: panel.links,
  };
}

function DataPanel({ panelKey, panel: read, scope, isInView, width }: Props & { isInView: boolean; width: number }) {
  const panel = useMemo(() => ({ ...read, transformations: withVariables(read.transformations, scope) }), [read, scope]);
  const { answer, error, isLoading } = usePanelData(panel, scope, { isInView, widthPixels: width });
  const advice = useMemo(
    () => (panel.type === "heatmap" ? [] : histogramAdvice(answer?.data.answers ?? [])),
    [panel, answer],
  );
  const drawn = useMemo(() => drawnOf(panel, answer?.data.series ?? []), [panel, answer]);
  const notes = notesOf(answer?.data, [
    ...advice.map(adviceText),
    ...(answer?.warnings ?? []),
    ...(answer && error ? [error.message] : []),
    ...unappliedNote(panel, drawn),
  ]);
  const content = (): ReactNode => {
    if (!answer) return error ? <ErrorText>{error.message}</ErrorText> : null;
    const [failure] = answer.data.errors;
    if (answer.data.series.length === 0 && failure) return <ErrorText>{failure.message}</ErrorText>;
    if (answer.data.queries.length === 0) return <NoData>This panel has no query.</NoData>;
    if (answer.data.series.length === 0 && advice.length > 0) return <HistogramsPanel advice={advice} />;
    if (answer.data.series.length === 0 && answer.data.histograms === 0) return <NoData />;
    if (answer.data.series.length > 0 && drawn.series.length === 0)
      return <NoData>The transformations of this panel leave nothing that it could draw.</NoData>;
    return <Content panel={panel} scope={scope} data={answer.data} drawn={drawn.series} />;
  };
  return (
    <PanelFrame
      {...frameOf(panel, scope)}
      panelKey={panelKey}
      isLoading={isLoading && isInView}
      notes={notes}
      queries={answer?.data.queries ?? []}
    >
      <PanelBoundary of={[panel, scope, answer]}>{content()}</PanelBoundary>
    </PanelFrame>
  );
}

/** Tables say by themselves what they do not apply. */
function unappliedNote({ type, transformations }: Panel, { unknown }: Drawn): string[] {
  const names = type === "heatmap" ? transformations.map((each) => each.id) : unknown;
  return names.length === 0 ? [] : [`Transformations that are not applied here: ${names.join(", ")}.`];
}

interface ContentProps {
  panel: Panel;
  scope: Scope;
  data: PanelData;
  drawn: readonly Series[];
}

function Content({ panel, scope, data, drawn }: ContentProps) {
  const { display, range } = useDashboard();
  const { series, queries } = data;
  const fields = useMemo(() => fieldsOf(panel, drawn, scope, display.scheme), [panel, drawn, scope, display.scheme]);
  const shownRange = useMemo(() => {
    const own = panelRange(panel, { range, zone: display.zone, scope });
    // The window that was asked, while a newer one is on its way.
    const asked = queries.find((query) => !query.isInstant);
    return panel.timeFrom === "" && asked
      ? { fromMs: asked.startMs, toMs: Math.max(asked.endMs, asked.startMs + 1) }
      : own;
  }, [panel, range, display.zone, scope, queries]);
  switch (panel.type) {
    case "stat":
      return <StatPanel options={panel.options} fields={fields} />;
    case "gauge":
      return <GaugePanel options={panel.options} fields={fields} />;
    case "bargauge":
      return <BarGaugePanel options={panel.options} fields={fields} />;
    case "piechart":
      return <PiePanel options={panel.options} fields={fields} />;
    case "heatmap":
      return <HeatmapPanel options={panel.options} answers={data.answers} />;
    case "barchart":
      return <BarChartPanel options={panel.options} fields={fields} title={panel.title} />;
    case "state-timeline":
    case "status-history":
      return (
        <StatesPanel
          options={panel.options}
          fields={fields}
          range={shownRange}
          panelKey={panel.key}
          title={panel.title}
          isHistory={panel.type === "status-history"}
        />
      );
    case "table":
      return <TablePanel panel={panel} series={series} />;
    default:
      return <GraphPanel panelKey={panel.key} options={panel.options} fields={fields} range={shownRange} />;
  }
}
