import { NativeSelect, Stack, Text } from "@mantine/core";
import type { SentAlert, Trial } from "../alertingApi";
import type { Labels } from "../api";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { labelPairs, listed } from "../format/labels";
import { QuietReasons } from "../groups/QuietReasons";
import { MatcherInput } from "../matchers/MatcherInput";
import { labelsOf, matchersOf } from "../matchers/matcher";
import type { RequestState } from "../state/useRequest";

/** Longer names of alerts say nothing more in a list to choose from. */
const NAME_CHARACTERS_MAX = 110;
const ALERTS_OFFERED_MAX = 500;

interface Props {
  /** Null: nothing is tried. */
  labels: Labels | null;
  onLabels: (labels: Labels | null) => void;
  alerts: readonly SentAlert[];
  known: readonly Labels[];
  trial: RequestState<Trial>;
}

/** Who would be notified of an alert with labels that are typed. */
export function TrialPanel({ labels, onLabels, alerts, known, trial }: Props) {
  const write = (next: Labels) => onLabels(Object.keys(next).length === 0 ? null : next);
  return (
    <Section title="Who would be notified">
      <Stack p="md" gap="sm">
        <MatcherInput
          label="Labels of an alert"
          description="Enter takes what is typed; many can be pasted at once."
          onlyLabels
          matchers={matchersOf(labels ?? {})}
          onChange={(matchers) => write(labelsOf(matchers) ?? {})}
          known={known}
          placeholder='severity="page"'
        />
        {alerts.length > 0 && (
          <NativeSelect
            size="xs"
            maw={680}
            aria-label="Take the labels of an alert that is there"
            value=""
            onChange={(event) => {
              const chosen = alerts.find((alert) => alert.fingerprint === event.currentTarget.value);
              if (chosen) write(chosen.labels);
            }}
            data={[
              { value: "", label: "Take the labels of an alert that is there …" },
              ...alerts
                .slice(0, ALERTS_OFFERED_MAX)
                .map((alert) => ({ value: alert.fingerprint, label: nameOf(alert.labels) })),
            ]}
          />
        )}
        {labels !== null && (
          <div aria-live="polite">
            <RequestNotice state={trial} />
            {trial.answer && <Outcome trial={trial.answer.data} alerts={alerts} />}
          </div>
        )}
      </Stack>
    </Section>
  );
}

function nameOf(labels: Labels): string {
  const { alertname = "", ...rest } = labels;
  const text = [alertname, ...labelPairs(rest).map(([name, value]) => `${name}=${value}`)].join(" ");
  return text.length > NAME_CHARACTERS_MAX ? `${text.slice(0, NAME_CHARACTERS_MAX)}…` : text;
}

function Outcome({ trial, alerts }: { trial: Trial; alerts: readonly SentAlert[] }) {
  const { receivers, silencedBy, inhibitedBy, mutedBy } = trial;
  const isQuiet = silencedBy.length + inhibitedBy.length + mutedBy.length > 0;
  const name = (fingerprint: string) => {
    const alert = alerts.find((each) => each.fingerprint === fingerprint);
    return alert && nameOf(alert.labels);
  };
  return (
    <Stack gap={4}>
      <Text>
        {receivers.length === 0 && "No receiver."}
        {receivers.length > 0 && (
          <>
            {isQuiet && "But for what keeps it quiet: "}
            <b>{listed(receivers)}</b>
          </>
        )}
      </Text>
      <QuietReasons reasons={trial} nameOf={name} />
    </Stack>
  );
}
