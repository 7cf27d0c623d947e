import { Box, Button, Group, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { getSilences, type SentAlert, type Silence } from "../alertingApi";
import { EmptyState } from "../components/EmptyState";
import { FilterBar } from "../components/FilterBar";
import { Loading } from "../components/Loading";
import { PageHead } from "../components/PageHead";
import { useBounded } from "../components/useBounded";
import { parseMatchers } from "../matchers/matcher";
import { Link, navigate, useLocation, useSearchParam } from "../router";
import { countQuiet, countSilences, filterSilences, SILENCE_STATES } from "../silences/silenceList";
import { draftOfSilence, newDraft } from "../silences/draft";
import { SilenceCard } from "../silences/SilenceCard";
import { SilenceForm } from "../silences/SilenceForm";
import { useSentAlerts } from "../state/sentAlerts";
import { useAuthor } from "../state/signature";
import { useRequest } from "../state/useRequest";

const INTERVAL_MS = 5_000;
const SILENCES_AT_ONCE = 50;

/** Silences by state; and the form for one, when the address asks for it. */
export default function SilencesPage() {
  const state = useRequest(getSilences, { intervalMs: INTERVAL_MS });
  const params = new URLSearchParams(useLocation().search);
  const [author, setAuthor] = useAuthor();
  const known = useSentAlerts();
  const made = params.get("new");
  const changed = params.get("edit");
  const silence = changed === null ? undefined : state.answer?.data.find((each) => each.id === changed);
  const isOver = silence?.status.state === "expired";
  const reload = () => {
    state.reload();
    known.state.reload();
  };
  const common = {
    known: known.labels,
    onSaved: (id: string, createdBy: string) => {
      // Who changes a silence of somebody else has another name.
      if (changed === null || isOver) setAuthor(createdBy);
      reload();
      navigate("silences", `?${new URLSearchParams({ id })}`);
    },
    onCancel: () => navigate("silences"),
  };

  return (
    <>
      <PageHead title="Silences" state={state} />
      {made !== null && (
        <SilenceForm
          key={made}
          id={null}
          title="New silence"
          action="Silence"
          first={newDraft(parseMatchers(made) ?? [], author, params.get("comment") ?? "")}
          {...common}
        />
      )}
      {changed !== null && silence && (
        <SilenceForm
          key={changed}
          id={isOver ? null : changed}
          title={isOver ? "Make a silence again" : "Change a silence"}
          action={isOver ? "Silence" : "Save"}
          first={draftOfSilence(silence, author)}
          {...common}
        />
      )}
      {changed !== null && state.answer && !silence && (state.isLoading ? <Loading /> : <Gone />)}
      {made === null && changed === null && state.answer && (
        <SilenceList
          silences={state.answer.data}
          isLoading={state.isLoading}
          known={known.alerts}
          onChanged={reload}
        />
      )}
    </>
  );
}

interface ListProps {
  silences: readonly Silence[];
  /** Whether a newer list is on its way. */
  isLoading: boolean;
  known: readonly SentAlert[];
  onChanged: () => void;
}

function SilenceList({ silences, isLoading, known, onChanged }: ListProps) {
  const [only] = useSearchParam("id");
  const [filter, setFilter] = useSearchParam("state");
  const [text, setText] = useSearchParam("search");
  const counts = useMemo(() => countSilences(silences), [silences]);
  const passing = useMemo(
    () => (only === "" ? filterSilences(silences, filter, text) : silences.filter((each) => each.id === only)),
    [silences, only, filter, text],
  );
  const [shown, more] = useBounded(passing, SILENCES_AT_ONCE);
  const quiet = useMemo(() => countQuiet(known), [known]);

  return (
    <>
      <Group justify="space-between" align="flex-start" wrap="wrap-reverse">
        <Box flex="1 1 320px">
          {only === "" ? (
            <FilterBar
              label="State"
              choices={[
                { value: "", label: "Not over", amount: counts.active + counts.pending },
                ...SILENCE_STATES.map((each) => ({ value: each, label: capitalize(each), amount: counts[each] })),
              ]}
              choice={filter}
              onChoice={setFilter}
              text={text}
              onText={setText}
              placeholder="Matcher, author or comment"
              shown={passing.length}
              noun={["silence", "silences"]}
            />
          ) : (
            <Link page="silences">All silences</Link>
          )}
        </Box>
        <Button component={Link} page="silences" search="?new=" size="xs" mb="md">
          New silence
        </Button>
      </Group>
      {only !== "" && passing.length === 0 && (isLoading ? <Loading /> : <Gone />)}
      {only === "" && silences.length === 0 && (
        <EmptyState title="No silences">
          A silence keeps alerts from receivers for a while, or at certain times again and again. Silence one here, or
          from a group of alerts.
        </EmptyState>
      )}
      {only === "" && silences.length > 0 && passing.length === 0 && (
        <Text c="dimmed">No silence passes this filter.</Text>
      )}
      <Stack gap="sm">
        {shown.map((silence) => (
          <SilenceCard key={silence.id} silence={silence} quiet={quiet.get(silence.id) ?? 0} onChanged={onChanged} />
        ))}
      </Stack>
      {more}
    </>
  );
}

function Gone() {
  return (
    <Text c="dimmed">
      This silence is not there any more. <Link page="silences">See those that are.</Link>
    </Text>
  );
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
