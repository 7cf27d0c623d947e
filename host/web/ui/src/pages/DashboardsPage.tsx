import { Alert, Button, Text } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { Loading } from "../components/Loading";
import { PageTitle } from "../components/PageTitle";
import { RequestNotice } from "../components/RequestNotice";
import { getDashboard, getDashboards, type DashboardEntry } from "../dashboardApi";
import { DashboardList } from "../dashboards/DashboardList";
import { DashboardView } from "../dashboards/DashboardView";
import { ImportForm } from "../dashboards/ImportForm";
import { readDashboard } from "../dashboards/read/dashboard";
import { matchesFilter } from "../format/labels";
import { Link, useLocation, useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 30_000;

const EXAMPLE = `dashboards:
  dir: dashboards`;

/** The list of dashboards, or the one that the address names. */
export default function DashboardsPage() {
  const { search } = useLocation();
  const uid = new URLSearchParams(search).get("uid");
  return uid === null || uid === "" ? <AllDashboards /> : <OneDashboard key={uid} uid={uid} />;
}

function OneDashboard({ uid }: { uid: string }) {
  const load = useCallback((signal: AbortSignal) => getDashboard(uid, signal), [uid]);
  const state = useRequest(load);
  const json = state.answer?.data;
  const read = useMemo(() => {
    if (json === undefined) return null;
    try {
      return { dashboard: { ...readDashboard(json), uid }, error: null };
    } catch (error) {
      return { dashboard: null, error: error instanceof Error ? error.message : String(error) };
    }
  }, [json, uid]);
  return (
    <>
      <RequestNotice state={state} />
      {!read && state.isLoading && <Loading />}
      {((!read && !state.isLoading) || read?.error) && (
        <Text size="sm" mb="md">
          <Link page="dashboards">All dashboards</Link>
        </Text>
      )}
      {read?.error && (
        <Alert color="red" title="This dashboard cannot be shown" role="alert">
          {read.error}
        </Alert>
      )}
      {read?.dashboard && <DashboardView dashboard={read.dashboard} />}
    </>
  );
}

function AllDashboards() {
  const state = useRequest(getDashboards, { intervalMs: INTERVAL_MS });
  const [text, setText] = useSearchParam("search");
  const [source, setSource] = useSearchParam("source");
  const [isImporting, setImporting] = useState(false);
  const data = state.answer?.data;
  const all = data?.dashboards ?? [];
  const shown = all.filter((each) => passes(each, source, text));
  const amount = (kind: DashboardEntry["source"]) => all.filter((each) => each.source === kind).length;
  return (
    <>
      <PageTitle title="Dashboards">
        {data?.isWritable && !isImporting && (
          <Button size="xs" onClick={() => setImporting(true)}>
            Import
          </Button>
        )}
      </PageTitle>
      <RequestNotice state={state} />
      {isImporting && <ImportForm existing={all} onClose={() => setImporting(false)} />}
      {!data && state.isLoading && <Loading />}
      {all.length > 0 && (
        <FilterBar
          label="Kept in"
          choices={[
            { value: "", label: "All", amount: all.length },
            { value: "bundled", label: "Of the host", amount: amount("bundled") },
            { value: "folder", label: "Yours", amount: amount("folder") },
          ]}
          choice={source}
          onChoice={setSource}
          text={text}
          onText={setText}
          placeholder="Title or tag"
          shown={shown.length}
          noun={["dashboard", "dashboards"]}
        />
      )}
      {shown.length > 0 && (
        <DashboardList entries={shown} isWritable={data?.isWritable ?? false} onChanged={state.reload} />
      )}
      {all.length > 0 && shown.length === 0 && <Text c="dimmed">No dashboard passes this filter.</Text>}
      {data && !data.isWritable && (
        <div style={{ marginTop: 16 }}>
          <EmptyState title="Bring your own" example={EXAMPLE}>
            Dashboards of Grafana are shown here as they are. Name a folder for them in the configuration and reload:
            then they can be imported here, or put there as files.
          </EmptyState>
        </div>
      )}
    </>
  );
}

function passes(entry: DashboardEntry, source: string, text: string): boolean {
  return (
    (source === "" || entry.source === source) &&
    matchesFilter(text, [entry.title, entry.uid, entry.file ?? "", ...entry.tags])
  );
}
