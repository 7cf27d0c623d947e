import { Button, Code, CopyButton, ScrollArea, SimpleGrid, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { getBuildInfo, getConfig, getRuntimeInfo, getTsdbStatus, type Answer, type TsdbStatus } from "../api";
import { KeyValues } from "../components/KeyValues";
import { Loading } from "../components/Loading";
import { PageTitle } from "../components/PageTitle";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { AbsoluteTime, RelativeTime } from "../components/Time";
import { count } from "../format/value";
import { useRequest } from "../state/useRequest";
import { statusRows } from "../status/statusRows";

const INTERVAL_MS = 10_000;

/** What runs here: build, runtime, store, configuration. */
export default function StatusPage() {
  // The store's figures are shown where the host has them; their absence is no error.
  const store = useRequest(getTsdbStatus).answer?.data;
  return (
    <>
      <PageTitle title="Status" />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <div>
          <InfoSection title="Build" load={getBuildInfo} />
          <StoreSection store={store} />
        </div>
        <InfoSection title="Runtime" load={getRuntimeInfo} intervalMs={INTERVAL_MS} />
        <TopSection title="Metrics with the most series" entries={store?.seriesCountByMetricName} />
        <TopSection title="Labels with the most values" entries={store?.labelValueCountByLabelName} />
      </SimpleGrid>
      <ConfigSection />
    </>
  );
}

interface InfoProps {
  title: string;
  load: (signal: AbortSignal) => Promise<Answer<Record<string, unknown>>>;
  intervalMs?: number;
}

function InfoSection({ title, load, intervalMs }: InfoProps) {
  const state = useRequest(load, intervalMs === undefined ? {} : { intervalMs });
  return (
    <Section title={title}>
      <RequestNotice state={state} />
      {!state.answer && state.isLoading && <Loading />}
      {state.answer && <InfoRows data={state.answer.data} />}
    </Section>
  );
}

function InfoRows({ data }: { data: Record<string, unknown> }) {
  const rows = statusRows(data).map((row): [string, ReactNode] => [
    row.name,
    row.at === null ? (
      row.text
    ) : (
      <>
        <AbsoluteTime at={row.at} />{" "}
        <Text span size="sm" c="dimmed">
          (<RelativeTime at={row.at} />)
        </Text>
      </>
    ),
  ]);
  return <KeyValues rows={rows} />;
}

function StoreSection({ store }: { store: TsdbStatus | undefined }) {
  if (!store?.headStats) return null;
  return (
    <Section title="Store">
      <InfoRows data={store.headStats} />
    </Section>
  );
}

function TopSection({ title, entries }: { title: string; entries: { name: string; value: number }[] | undefined }) {
  if (!entries || entries.length === 0) return null;
  return (
    <Section title={title}>
      <Table horizontalSpacing="md" verticalSpacing={4}>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.name}>
              <Table.Td ff="monospace" fz={12.5} style={{ overflowWrap: "anywhere" }}>
                {entry.name}
              </Table.Td>
              <Table.Td ta="right">{count(entry.value, "", "").trim()}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function ConfigSection() {
  const state = useRequest(getConfig, { intervalMs: INTERVAL_MS });
  const yaml = state.answer?.data.yaml;
  return (
    <Section
      title="Configuration"
      aside={
        yaml !== undefined && (
          <CopyButton value={yaml}>
            {({ copied, copy }) => (
              <Button variant="default" size="compact-xs" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        )
      }
    >
      <RequestNotice state={state} />
      {yaml === undefined && state.isLoading && <Loading />}
      {yaml !== undefined && (
        <ScrollArea.Autosize mah={560} tabIndex={0}>
          <Code block fz={12.5} bg="transparent" p="md">
            {yaml}
          </Code>
        </ScrollArea.Autosize>
      )}
    </Section>
  );
}
