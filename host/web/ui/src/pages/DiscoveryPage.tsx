import { Text } from "@mantine/core";
import { useMemo } from "react";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { useBounded } from "../components/useBounded";
import { FoundList } from "../discovery/FoundList";
import { foundPools, type FoundPool } from "../discovery/pools";
import { SourceList } from "../discovery/SourceList";
import { getAllTargets, getDiscovery } from "../discoveryApi";
import { count } from "../format/value";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 15_000;
const POOLS_AT_ONCE = 50;

const EXAMPLE = `scrape_configs:
  - job_name: app
    file_sd_configs: [{ files: ["targets/*.yml"] }]
    relabel_configs:
      - { source_labels: [env], regex: test, action: drop }`;

/** What discovery found, and what relabeling made of it. */
export default function DiscoveryPage() {
  const state = useRequest(getAllTargets, { intervalMs: INTERVAL_MS });
  // How the sources are is shown where the host tells it.
  const sources = useRequest(getDiscovery, { intervalMs: INTERVAL_MS }).answer?.data ?? null;
  const [kind, setKind] = useSearchParam("state");
  const [text, setText] = useSearchParam("search");
  const data = state.answer?.data;
  const all = useMemo(() => (data ? foundPools(data, sources, "", "") : []), [data, sources]);
  const pools = useMemo(() => (data ? foundPools(data, sources, kind, text) : []), [data, sources, kind, text]);
  const active = all.reduce((sum, pool) => sum + pool.active, 0);
  const dropped = all.reduce((sum, pool) => sum + pool.dropped, 0);
  const shown = pools.reduce((sum, pool) => sum + pool.targets.length, 0);
  const [visible, more] = useBounded(pools, POOLS_AT_ONCE);

  return (
    <>
      <PageHead title="Service discovery" state={state} />
      {data && all.length === 0 && (
        <EmptyState title="Nothing to discover" example={EXAMPLE}>
          No scrape job is configured. Each has one way or more to find its targets, and rules that choose among them.
        </EmptyState>
      )}
      {all.length > 0 && (
        <FilterBar
          label="What became of it"
          choices={[
            { value: "", label: "All", amount: active + dropped },
            { value: "active", label: "Active", amount: active },
            { value: "dropped", label: "Dropped", amount: dropped },
          ]}
          choice={kind}
          onChoice={setKind}
          text={text}
          onText={setText}
          placeholder="Label before or after, or pool=name"
          shown={shown}
          noun={["target", "targets"]}
        />
      )}
      {all.length > 0 && pools.length === 0 && <Text c="dimmed">No target passes this filter.</Text>}
      {visible.map((pool) => (
        <Section key={pool.name} title={pool.name} aside={<Amounts pool={pool} />}>
          <SourceList sources={pool.sources} />
          {pool.targets.length === 0 ? (
            <Text size="sm" c="dimmed" p="md">
              Nothing was found yet.
            </Text>
          ) : (
            <FoundList pool={pool.name} targets={pool.targets} />
          )}
        </Section>
      ))}
      {more}
    </>
  );
}

function Amounts({ pool }: { pool: FoundPool }) {
  return (
    <Text size="sm" c="dimmed">
      {count(pool.active, "active", "active")}
      {pool.dropped > 0 && `, ${count(pool.dropped, "dropped", "dropped")}`}
      {pool.forgotten > 0 && ` (labels of ${count(pool.forgotten, "one is", "are")} not kept)`}
    </Text>
  );
}
