import { Select, Text } from "@mantine/core";
import { useCallback, useMemo } from "react";
import { getScrapePools, getTargets } from "../api";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { PageHead } from "../components/PageHead";
import { useBounded } from "../components/useBounded";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";
import { PoolSection } from "../targets/PoolSection";
import { countHealth, targetPools } from "../targets/targetPools";

const INTERVAL_MS = 5_000;
const POOLS_INTERVAL_MS = 60_000;
const POOLS_AT_ONCE = 50;
const POOLS_OFFERED_MAX = 200;

const EXAMPLE = `scrape_configs:
  - job_name: node
    exporter: { plugin: node }          # this machine, through a plugin
    static_configs: [{ targets: [localhost] }]
  - job_name: app
    static_configs: [{ targets: ["127.0.0.1:8080"] }]`;

/** Where samples come from, and how the last scrape of each went. */
export default function TargetsPage() {
  const [pool, setPool] = useSearchParam("pool");
  const load = useCallback((signal: AbortSignal) => getTargets(pool, signal), [pool]);
  const state = useRequest(load, { intervalMs: INTERVAL_MS, isExact: true });
  // A choice is there where the host names its pools.
  const names = useRequest(getScrapePools, { intervalMs: POOLS_INTERVAL_MS }).answer?.data.scrapePools ?? [];
  const [health, setHealth] = useSearchParam("health");
  const [text, setText] = useSearchParam("search");
  const data = state.answer?.data;
  const pools = useMemo(() => (data ? targetPools(data, health, text) : []), [data, health, text]);
  const counts = useMemo(() => countHealth(data?.activeTargets ?? []), [data]);
  const total = data?.activeTargets.length ?? 0;
  const shown = pools.reduce((sum, pool) => sum + pool.targets.length, 0);
  const [visible, more] = useBounded(pools, POOLS_AT_ONCE);

  return (
    <>
      <PageHead title="Targets" state={state} />
      {data && total === 0 && pool === "" && (
        <EmptyState title="No targets" example={EXAMPLE}>
          Name what to scrape in the configuration and reload. If it is named already, discovery has found
          nothing yet, or relabeling dropped all of it.
        </EmptyState>
      )}
      {(total > 0 || pool !== "") && (
        <FilterBar
          label="Health"
          choices={[
            { value: "", label: "All", amount: total },
            { value: "up", label: "Up", amount: counts.up },
            { value: "down", label: "Down", amount: counts.down },
            { value: "unknown", label: "Unknown", amount: counts.unknown },
          ]}
          choice={health}
          onChoice={setHealth}
          text={text}
          onText={setText}
          placeholder="Endpoint, pool, error or label, e.g. job=node"
          shown={shown}
          noun={["target", "targets"]}
        >
          {(names.length > 1 || pool !== "") && <PoolSelect names={names} pool={pool} onPool={setPool} />}
        </FilterBar>
      )}
      {total > 0 && shown === 0 && <Text c="dimmed">No target passes this filter.</Text>}
      {data && total === 0 && pool !== "" && (
        <Text c="dimmed">The pool {pool} has no targets: discovery has found none, relabeling dropped them, or it is not there.</Text>
      )}
      {visible.map((pool) => (
        <PoolSection key={pool.name} pool={pool} />
      ))}
      {more}
    </>
  );
}

/** One pool alone, so that a large host is not asked for all of its targets. */
function PoolSelect({ names, pool, onPool }: { names: readonly string[]; pool: string; onPool: (pool: string) => void }) {
  const known = pool === "" || names.includes(pool) ? names : [pool, ...names];
  return (
    <Select
      size="xs"
      w={200}
      aria-label="Pool"
      placeholder="All pools"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "All pools" }}
      limit={POOLS_OFFERED_MAX}
      nothingFoundMessage="No pool has this in its name."
      data={known}
      value={pool === "" ? null : pool}
      onChange={(value) => onPool(value ?? "")}
    />
  );
}
