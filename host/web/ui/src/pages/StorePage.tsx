import { NativeSelect, SimpleGrid } from "@mantine/core";
import { useCallback } from "react";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";
import { InfoRows } from "../status/InfoSection";
import { getBlocks, getFlags, getTsdbStatus } from "../statusApi";
import { AdminSection } from "../store/AdminSection";
import { BlocksSection } from "../store/BlocksSection";
import { rankings } from "../store/rankings";
import { RankingTable } from "../store/RankingTable";

/** The figures go through all series of the head: they are not asked for often. */
const INTERVAL_MS = 30_000;
const LIMITS = ["10", "25", "100"];

/** The store: what is in memory, what takes the most room, what is on disk. */
export default function StorePage() {
  const [typedLimit, setLimit] = useSearchParam("limit");
  const limit = LIMITS.includes(typedLimit) ? typedLimit : "10";
  const load = useCallback((signal: AbortSignal) => getTsdbStatus(Number(limit), signal), [limit]);
  const state = useRequest(load, { intervalMs: INTERVAL_MS });
  const blocks = useRequest(getBlocks, { intervalMs: INTERVAL_MS });
  const flags = useRequest(getFlags).answer?.data;
  const status = state.answer?.data;
  const reload = () => {
    state.reload();
    blocks.reload();
  };

  return (
    <>
      <PageHead title="Store" state={state} />
      {status && (
        <>
          <Section
            title="Head"
            aside={
              <NativeSelect
                size="xs"
                aria-label="How many lines the tables have"
                data={LIMITS.map((value) => ({ value, label: `Largest ${value}` }))}
                value={limit}
                onChange={(event) => setLimit(event.currentTarget.value === "10" ? "" : event.currentTarget.value)}
              />
            }
          >
            <InfoRows data={status.headStats} />
          </Section>
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing={0} style={{ alignItems: "start" }}>
            {rankings(status).map((ranking) => (
              <RankingTable key={ranking.title} ranking={ranking} />
            ))}
          </SimpleGrid>
        </>
      )}
      <BlocksSection state={blocks} />
      <AdminSection isAllowed={flags ? flags["web.enable-admin-api"] === "true" : null} onDone={reload} />
    </>
  );
}
