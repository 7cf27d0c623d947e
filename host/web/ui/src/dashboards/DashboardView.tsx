import { Alert, Badge, Box, Button, Group, Text, Title, useComputedColorScheme } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import { getDashboards } from "../dashboardApi";
import { Warning } from "../components/icons";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { Link, navigate, useLocation } from "../router";
import { useSettings } from "../state/settings";
import { useRequest } from "../state/useRequest";
import { getConfig } from "../statusApi";
import { SharedContext, type DashboardContext } from "./context";
import { AnnotationBar } from "./controls/AnnotationBar";
import { RangePicker } from "./controls/RangePicker";
import { RefreshPicker } from "./controls/RefreshPicker";
import { VariableBar } from "./controls/VariableBar";
import { useAnnotations } from "./data/useAnnotations";
import { SCRAPE_DEFAULT_MS, scrapeIntervalOf } from "./interval";
import { list } from "./json";
import { cutRepeats, placeSections, type CutRepeat, type PlacedSection } from "./layout";
import { linkEntries } from "./links/dashboardLinks";
import { LinkBar } from "./links/LinkBar";
import type { Dashboard, Panel, Variable } from "./model";
import { Note } from "./panels/Note";
import { LonePanel, SectionGrid } from "./SectionGrid";
import { decodeDashboard, encodeDashboard, type DashboardState } from "./urlState";
import type { RangeText } from "./range";
import { useRange } from "./useRange";
import { chosenValues, withRange, writeFilter, type ResolvedVariables } from "./variables/resolve";
import type { Scheme } from "./values/colors";
import { useVariables } from "./variables/useVariables";

/** A dashboard, live: its range and variables are in the address. */
export function DashboardView({ dashboard }: { dashboard: Dashboard }) {
  const { page, search } = useLocation();
  const state = useMemo(() => decodeDashboard(search), [search]);
  const { zone } = useSettings();
  const rangeText = useMemo(() => state.range ?? { from: dashboard.from, to: dashboard.to }, [state, dashboard]);
  const refresh = state.refresh ?? dashboard.refresh;
  const { range, asked, reload } = useRange(rangeText, refresh, zone);
  const variables = useVariables(dashboard.variables, state.choices, range);
  const config = useRequest(getConfig);
  // Steps depend on how often is scraped: panels wait for that. A host that does not say scrapes by default.
  const scrapeMs = config.answer ? scrapeIntervalOf(config.answer.data.yaml) : SCRAPE_DEFAULT_MS;
  const isScrapeKnown = config.answer !== null || config.error !== null;
  const set = useCallback(
    (change: Partial<DashboardState>) => navigate(page, encodeDashboard({ ...state, ...change })),
    [page, state],
  );
  const { reload: reloadVariables } = variables;
  const reloadAll = () => {
    reload();
    reloadVariables();
  };
  const resolved = variables.answer?.data;

  return (
    <>
      <Group mb="sm" justify="space-between" align="center">
        <div>
          <Text size="xs">
            <Link page="dashboards">Dashboards</Link>
          </Text>
          <Group gap="xs" align="baseline">
            <Title order={1} size="h3">
              {dashboard.title}
            </Title>
            {dashboard.tags.map((tag) => (
              <Badge key={tag} variant="light" color="gray" size="sm" tt="none">
                {tag}
              </Badge>
            ))}
          </Group>
        </div>
        <Group gap="xs">
          <RangePicker range={rangeText} onChange={(next) => set({ range: next })} />
          <RefreshPicker refresh={refresh} onChange={(next) => set({ refresh: next })} onReload={reloadAll} />
        </Group>
      </Group>
      {resolved && (
        <VariableBar
          variables={resolved.list}
          filters={resolved.filters}
          onChoose={(name, values) => set({ choices: new Map([...state.choices, [name, values]]) })}
        />
      )}
      <RequestNotice state={variables} />
      {((!resolved && variables.isLoading) || !isScrapeKnown) && <Loading />}
      {resolved && isScrapeKnown && (
        <Panels
          dashboard={dashboard}
          scrapeMs={scrapeMs}
          resolved={resolved}
          range={range}
          rangeText={rangeText}
          asked={asked}
          enlarged={state.enlarged}
          set={set}
        />
      )}
    </>
  );
}

/** As the theme has them, in numbers to reckon with. */
const LIGHT: Scheme = { isDark: false, text: "#24221f", surface: "#ffffff" };
const DARK: Scheme = { isDark: true, text: "#dedad4", surface: "#211f1d" };

interface PanelsProps extends Pick<DashboardContext, "range" | "asked" | "scrapeMs" | "enlarged"> {
  dashboard: Dashboard;
  resolved: ResolvedVariables;
  rangeText: RangeText;
  set: (change: Partial<DashboardState>) => void;
}

function Panels({ dashboard, resolved, range, rangeText, asked, scrapeMs, enlarged, set }: PanelsProps) {
  const { zone } = useSettings();
  const scheme = useComputedColorScheme("light");
  const isDark = scheme === "dark";
  const display = useMemo(() => ({ zone, scheme: isDark ? DARK : LIGHT }), [zone, isDark]);
  const sections = useMemo(() => placeSections(dashboard.sections, resolved.scope), [dashboard, resolved]);
  const cuts = useMemo(() => cutRepeats(dashboard.sections, resolved.scope), [dashboard, resolved]);
  const { filters } = resolved;
  const syncKey = dashboard.isCrosshairShared ? `dashboard ${dashboard.uid}` : null;
  const [switched, setSwitched] = useState<ReadonlySet<string>>(new Set());
  const annotations = useMemo(
    () => dashboard.annotations.filter((each) => each.isOn !== switched.has(each.name)),
    [dashboard, switched],
  );
  const { events, notices } = useAnnotations(annotations, { range, asked, scope: resolved.scope, scrapeMs, filters });
  const onEnlarge = useCallback((key: string | null) => set({ enlarged: key }), [set]);
  const all = useRequest(hasLinks(dashboard) ? getDashboards : null).answer?.data.dashboards ?? null;
  const links = useMemo(() => {
    const variables = resolved.list
      .filter(({ variable }) => variable.kind !== "constant" && variable.kind !== "unknown")
      .map(({ variable, value }) => ({
        name: variable.name,
        values: variable.kind === "adhoc" ? filters.map(writeFilter) : chosenValues(value),
      }));
    return { variables, rangeText, dashboards: all };
  }, [resolved, filters, rangeText, all]);
  const entries = useMemo(() => {
    const own = { ...links, range, scope: withRange(resolved.scope, range) };
    return linkEntries(dashboard.links, own, all ?? [], dashboard.uid);
  }, [dashboard, links, range, resolved, all]);
  const context = useMemo<DashboardContext>(() => {
    const onZoom = (fromMs: number, toMs: number) =>
      set({ range: { from: String(Math.round(fromMs)), to: String(Math.round(toMs)) } });
    return { range, asked, scrapeMs, filters, display, events, links, syncKey, enlarged, onEnlarge, onZoom };
  }, [range, asked, scrapeMs, filters, display, events, links, syncKey, enlarged, onEnlarge, set]);
  return (
    <SharedContext value={context}>
      <LinkBar entries={entries} />
      <Group gap="md">
        <AnnotationBar
          annotations={dashboard.annotations}
          on={new Set(annotations.map((each) => each.name))}
          onSwitch={(name) => setSwitched((last) => toggled(last, name))}
          events={events}
          display={display}
        />
        <Notices lines={[...dashboard.notices, ...notices]} />
      </Group>
      {cuts.map((cut) => (
        <CutAlert key={cut.variable} cut={cut} variables={dashboard.variables} />
      ))}
      <Sections sections={sections} enlarged={enlarged} onAll={() => onEnlarge(null)} />
    </SharedContext>
  );
}

function hasLinks({ links, sections }: Dashboard): boolean {
  const ofFields = ({ defaults, overrides }: Panel) =>
    list(defaults["links"]).length > 0 || overrides.some(({ properties }) => properties.some(({ path }) => path === "links"));
  return links.length > 0 || sections.some(({ panels }) => panels.some((each) => each.links.length > 0 || each.type === "text" || ofFields(each)));
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set(names.has(name) ? [...names].filter((each) => each !== name) : [...names, name]);
}

/** What of the dashboard is not shown. */
function Notices({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <Box mb="sm">
      <Note icon={<Warning />} label="What is not shown of this dashboard" lines={lines} />
    </Box>
  );
}

function CutAlert({ cut, variables }: { cut: CutRepeat; variables: readonly Variable[] }) {
  const label = variables.find((each) => each.name === cut.variable)?.label ?? cut.variable;
  return (
    <Alert color="yellow" mb="sm" p="xs">
      What is repeated for each value of {label} is shown for the first {cut.shown} of {cut.all}. Choose fewer values to see
      others.
    </Alert>
  );
}

function Sections({
  sections,
  enlarged,
  onAll,
}: {
  sections: readonly PlacedSection[];
  enlarged: string | null;
  onAll: () => void;
}) {
  if (enlarged === null) return sections.map((each) => <SectionGrid key={each.key} placed={each} />);
  // Grafana writes "panel-12" since version 11.
  const key = enlarged.replace(/^panel-/, "");
  const placed = sections.flatMap((each) => each.panels).find((each) => each.key === key);
  return (
    <>
      <Button variant="default" size="xs" mb="xs" onClick={onAll}>
        Show all panels
      </Button>
      {placed ? (
        <LonePanel key={placed.key} placed={placed} />
      ) : (
        <Alert color="yellow">This dashboard has no panel {key}.</Alert>
      )}
    </>
  );
}
