import { Text } from "@mantine/core";
import type { Plugin } from "../api";
import { humanizeSeconds } from "../format/duration";
import { count, formatShare, formatValue } from "../format/value";
import { Link, useSearchParam } from "../router";
import type { RequestState } from "../state/useRequest";
import { CostTable } from "./CostTable";
import { shareOf, type Column } from "./costs";

/** The plugins that take the most processor time. */
export function PluginCosts({ state }: { state: RequestState<{ plugins: Plugin[] }> }) {
  const [sort, setSort] = useSearchParam("plugins");
  const plugins = state.answer?.data.plugins ?? null;
  const called = plugins?.filter((plugin) => plugin.calls.total > 0) ?? null;
  const idle = (plugins?.length ?? 0) - (called?.length ?? 0);
  return (
    <CostTable
      id="plugins"
      title="Plugins"
      aside={
        idle > 0 && (
          <Text size="sm" c="dimmed">
            {count(idle, "other was", "others were")} never called
          </Text>
        )
      }
      advice={
        <>
          Processor time inside of the sandbox since the start. An exporter that is asked less often (
          <code>scrape_interval</code>) or for less (its settings) costs less; a plugin that is not needed can be switched off.
        </>
      }
      state={state}
      rows={called}
      rowKey={(row) => row.name}
      nameTitle="Plugin"
      name={(row) => (
        <>
          <Link page="plugins" search={`?${new URLSearchParams({ search: row.name })}`}>
            {row.name}
          </Link>
          <Text size="xs" c="dimmed">
            {row.kind}
          </Text>
        </>
      )}
      columns={called ? pluginColumns(called) : []}
      sort={sort}
      onSort={setSort}
      none="No plugin was called yet."
    />
  );
}

function pluginColumns(plugins: readonly Plugin[]): Column<Plugin>[] {
  const seconds = plugins.reduce((sum, each) => sum + each.calls.cpuSecondsTotal, 0);
  const share = (row: Plugin) => shareOf(row.calls.cpuSecondsTotal, seconds);
  const perCall = (row: Plugin) => shareOf(row.calls.cpuSecondsTotal, row.calls.total) ?? 0;
  return [
    {
      key: "cpu",
      title: "Processor time",
      value: (row) => row.calls.cpuSecondsTotal,
      text: (row) => `${humanizeSeconds(row.calls.cpuSecondsTotal)} (${formatShare(share(row) ?? 0)})`,
      share,
    },
    { key: "call", title: "Of a call", value: perCall, text: (row) => humanizeSeconds(perCall(row)) },
    { key: "calls", title: "Calls", value: (row) => row.calls.total, text: (row) => formatValue(row.calls.total) },
  ];
}
