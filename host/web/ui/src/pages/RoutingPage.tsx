import { Box, Checkbox } from "@mantine/core";
import { useCallback, useMemo } from "react";
import { getReceivers, getRoutes, tryLabels } from "../alertingApi";
import { EmptyState } from "../components/EmptyState";
import { Loading } from "../components/Loading";
import { PageHead } from "../components/PageHead";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { formatMatchers, labelsOf, matchersOf, parseMatchers } from "../matchers/matcher";
import { useSearchParam } from "../router";
import { ReceiverTable } from "../routing/ReceiverTable";
import { verdicts } from "../routing/verdicts";
import { RouteTree } from "../routing/RouteTree";
import classes from "../routing/RouteTree.module.css";
import { TrialPanel } from "../routing/TrialPanel";
import { useSentAlerts } from "../state/sentAlerts";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 10_000;

const EXAMPLE = `# narthex.yml
alertmanager:
  route:
    receiver: team
    group_by: [alertname]
    routes:
      - { matchers: [severity="page"], receiver: pager }
  receivers:
    - name: team
      slack_configs: [{ api_url_file: secrets/slack, channel: "#ops" }]
    - name: pager
      pagerduty_configs: [{ routing_key_file: secrets/pagerduty }]`;

/** Who is told of which alerts, and who would be. */
export default function RoutingPage() {
  const state = useRequest(getRoutes, { intervalMs: INTERVAL_MS });
  const receivers = useRequest(getReceivers, { intervalMs: INTERVAL_MS });
  const known = useSentAlerts();
  const [text, setText] = useSearchParam("labels");
  const [only, setOnly] = useSearchParam("only");
  const labels = useMemo(() => labelsOf(parseMatchers(text) ?? []), [text]);
  const isTrying = labels !== null && Object.keys(labels).length > 0;
  const load = useCallback((signal: AbortSignal) => tryLabels(labels ?? {}, signal), [labels]);
  const trial = useRequest(isTrying ? load : null, { intervalMs: INTERVAL_MS, isExact: true });
  const root = state.answer?.data.root;
  // Without a configuration there is a route to a receiver that nothing is told.
  const isNobodyTold =
    root === null || receivers.answer?.data.every((receiver) => receiver.integrations.length === 0) === true;
  const said = useMemo(
    () => (root && isTrying && trial.answer ? verdicts(root, trial.answer.data) : null),
    [root, isTrying, trial.answer],
  );

  return (
    <>
      <PageHead title="Routing" state={state} />
      {isNobodyTold && (
        <Box mb="md">
          <EmptyState title="Nobody is told of alerts" example={EXAMPLE}>
            Name routes and receivers in the configuration and reload, or let alerting: of the configuration send
            alerts to an Alertmanager.
          </EmptyState>
        </Box>
      )}
      {root && (
        <>
          <TrialPanel
            labels={isTrying ? labels : null}
            onLabels={(next) => setText(next === null ? "" : formatMatchers(matchersOf(next)))}
            alerts={known.alerts}
            known={known.labels}
            trial={trial}
          />
          <Section
            title="Routes"
            aside={
              said && (
                <Checkbox
                  size="xs"
                  label="Only those that take it"
                  checked={only !== ""}
                  onChange={(event) => setOnly(event.currentTarget.checked ? "taking" : "")}
                />
              )
            }
          >
            <ul className={classes.root}>
              <RouteTree route={root} parent={null} verdicts={said} onlyTaking={only !== ""} />
            </ul>
          </Section>
          <Section title="Receivers">
            <RequestNotice state={receivers} />
            {!receivers.answer && receivers.isLoading && <Loading />}
            {receivers.answer && <ReceiverTable receivers={receivers.answer.data} />}
          </Section>
        </>
      )}
    </>
  );
}
