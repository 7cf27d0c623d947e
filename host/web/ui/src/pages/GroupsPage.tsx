import { Button, Chip, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useCallback, useMemo } from "react";
import { getAlertGroups } from "../alertingApi";
import { EmptyState } from "../components/EmptyState";
import { PageHead } from "../components/PageHead";
import { useBounded } from "../components/useBounded";
import { count } from "../format/value";
import {
  countKinds,
  groupKeys,
  KINDS,
  readKinds,
  receiversOf,
  shownGroups,
  writeKinds,
  type Kind,
} from "../groups/groupFilter";
import { GroupCard } from "../groups/GroupCard";
import { MatcherInput } from "../matchers/MatcherInput";
import { formatMatchers, parseMatchers, withMatcher } from "../matchers/matcher";
import { useSearchParam } from "../router";
import { useSentAlerts } from "../state/sentAlerts";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 5_000;
const GROUPS_AT_ONCE = 20;

const EXAMPLE = `# narthex.yml
alertmanager:
  route: { receiver: team, group_by: [alertname] }
  receivers:
    - name: team
      webhook_configs: [{ url: "http://127.0.0.1:8000/alerts" }]`;

/** Alerts as receivers are told of them: in groups. */
export default function GroupsPage() {
  const [filter, setFilter] = useSearchParam("filter");
  const [receiver, setReceiver] = useSearchParam("receiver");
  const [route, setRoute] = useSearchParam("route");
  const [show, setShow] = useSearchParam("show");
  const known = useSentAlerts();
  // Null: the address holds something else, which is no reason to show all.
  const matchers = useMemo(() => parseMatchers(filter), [filter]);
  const load = useCallback((signal: AbortSignal) => getAlertGroups({ matchers: matchers ?? [] }, signal), [matchers]);
  const state = useRequest(matchers && load, { intervalMs: INTERVAL_MS });
  const all = matchers ? state.answer?.data : undefined;
  const kinds = useMemo(() => readKinds(show), [show]);
  const ofRoute = useMemo(() => shownGroups(all ?? [], KINDS, { receiver, route }), [all, receiver, route]);
  const groups = useMemo(() => shownGroups(ofRoute, kinds, { receiver, route }), [ofRoute, kinds, receiver, route]);
  const counts = useMemo(() => countKinds(ofRoute), [ofRoute]);
  const names = useMemo(
    () => new Map(known.alerts.map((alert) => [alert.fingerprint, alert.labels["alertname"] ?? alert.fingerprint])),
    [known.alerts],
  );
  const keys = useMemo(() => groupKeys(groups), [groups]);
  const [shown, more] = useBounded(groups, GROUPS_AT_ONCE);
  const pick = (name: string, value: string) =>
    setFilter(formatMatchers(withMatcher(matchers ?? [], { name, value, isRegex: false, isEqual: true })));
  const alerts = new Set(groups.flatMap((group) => group.alerts.map((alert) => alert.fingerprint))).size;
  const isBare = all !== undefined && all.length === 0 && filter === "" && receiver === "" && route === "";

  return (
    <>
      <PageHead title="Alert groups" state={state} />
      {isBare && (
        <EmptyState title="No alert groups" example={EXAMPLE}>
          Nothing fires, or nobody is named to be told of it. Alerts are grouped by the routes of the configuration.
        </EmptyState>
      )}
      {!isBare && (all || matchers === null || state.error?.kind === "host") && (
        <Stack gap="sm" mb="md">
          <MatcherInput
            label="Filter by labels"
            matchers={matchers ?? []}
            error={matchers ? undefined : `The filter ${filter} cannot be read. Type another one, or show all groups.`}
            onChange={(next) => setFilter(formatMatchers(next))}
            known={known.labels}
            placeholder='severity="page", or click a label below'
          />
          {!matchers && (
            <Button variant="default" size="xs" style={{ alignSelf: "flex-start" }} onClick={() => setFilter("")}>
              Show all groups
            </Button>
          )}
          {all && (
            <Group gap="sm">
              <Chip.Group multiple value={kinds} onChange={(next) => setShow(writeKinds(next as Kind[]))}>
                <Group gap={6} role="group" aria-label="Alerts that are shown">
                  {KINDS.map((kind) => (
                    <Chip key={kind} value={kind} size="xs" variant="outline">
                      {kind} {counts[kind]}
                    </Chip>
                  ))}
                </Group>
              </Chip.Group>
              <NativeSelect
                size="xs"
                aria-label="Receiver"
                value={receiver}
                onChange={(event) => setReceiver(event.currentTarget.value)}
                data={[
                  { value: "", label: "all receivers" },
                  ...receiversOf(all, receiver).map((name) => ({ value: name, label: `to ${name}` })),
                ]}
              />
              {route !== "" && (
                <Button variant="default" size="compact-xs" onClick={() => setRoute("")} title="Show the groups of all routes">
                  of route {route} ×
                </Button>
              )}
              <Text size="sm" c="dimmed" role="status">
                {count(alerts, "alert", "alerts")} in {count(groups.length, "group", "groups")}
              </Text>
            </Group>
          )}
        </Stack>
      )}
      {all && !isBare && groups.length === 0 && (
        <Text c="dimmed">
          {all.length === 0 ? "No alert passes this filter." : "What passes the filter is of a kind that is not shown."}
        </Text>
      )}
      {shown.map((group, index) => (
        <GroupCard
          key={keys[index]}
          group={group}
          names={names}
          onPick={pick}
          onChanged={state.reload}
        />
      ))}
      {more}
    </>
  );
}
