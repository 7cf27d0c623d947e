import { Table, Text } from "@mantine/core";
import { EmptyState } from "../components/EmptyState";
import { PageHead } from "../components/PageHead";
import { Section } from "../components/Section";
import { SourceList } from "../discovery/SourceList";
import { getAlertmanagers, getDiscovery } from "../discoveryApi";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 10_000;

const EXAMPLE = `alerting:
  alertmanagers:
    - static_configs: [{ targets: ["alertmanager.example:9093"] }]`;

/** The Alertmanagers that alerts are sent to, besides the one of this host. */
export default function AlertmanagersPage() {
  const state = useRequest(getAlertmanagers, { intervalMs: INTERVAL_MS });
  const items = useRequest(getDiscovery, { intervalMs: INTERVAL_MS }).answer?.data.alertmanagers ?? [];
  const data = state.answer?.data;
  const isEmpty = data && data.activeAlertmanagers.length + data.droppedAlertmanagers.length + items.length === 0;
  return (
    <>
      <PageHead title="Alertmanager discovery" state={state} />
      {isEmpty && (
        <EmptyState title="No other Alertmanagers" example={EXAMPLE}>
          This host routes alerts itself where the configuration has an alertmanager section. It sends them to others
          as well where they are named.
        </EmptyState>
      )}
      {items
        // Addresses that stand in the configuration need no discovery.
        .filter((item) => item.sources.length > 0)
        .map((item) => (
          <Section key={item.job} title={itemTitle(item.job)}>
            <SourceList sources={item.sources} />
          </Section>
        ))}
      {data && !isEmpty && (
        <>
          <UrlSection title="Alerts are sent to" urls={data.activeAlertmanagers} none="Discovery has found nobody yet." />
          <UrlSection title="Dropped by relabeling" urls={data.droppedAlertmanagers} none="None." />
        </>
      )}
    </>
  );
}

/** Items have no name in the configuration: the host counts them from zero. */
function itemTitle(job: string): string {
  const place = /^config-(\d+)$/.exec(job)?.[1];
  return place === undefined ? job : `alerting.alertmanagers, item ${Number(place) + 1}`;
}

function UrlSection({ title, urls, none }: { title: string; urls: readonly { url: string }[]; none: string }) {
  return (
    <Section title={title}>
      {urls.length === 0 ? (
        <Text size="sm" c="dimmed" p="md">
          {none}
        </Text>
      ) : (
        <Table horizontalSpacing="md">
          <Table.Tbody>
            {urls.map(({ url }) => (
              <Table.Tr key={url}>
                <Table.Td ff="monospace" fz={13} style={{ overflowWrap: "anywhere" }}>
                  {url}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}
