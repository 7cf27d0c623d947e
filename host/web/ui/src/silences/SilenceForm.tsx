import { Button, Group, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { saveSilence } from "../alertingApi";
import type { Labels } from "../api";
import { ErrorText } from "../components/ErrorText";
import { MomentInput } from "../components/MomentInput";
import { Section } from "../components/Section";
import { SignatureFields } from "../components/SignatureFields";
import { useProblemFocus } from "../components/useProblemFocus";
import { AffectedAlerts } from "../matchers/AffectedAlerts";
import { MatcherInput } from "../matchers/MatcherInput";
import { useNow } from "../state/now";
import { rememberComment } from "../state/signature";
import { endOf, lastsOf, problemsOf, termsOf, withInterval, type SilenceDraft } from "./draft";
import { emptyInterval } from "./interval";
import { IntervalFields } from "./IntervalFields";

/** How long silences usually last; those that recur last longer. */
const USUAL = ["1h", "4h", "1d", "1w"];
const USUAL_RECURRING = ["4w", "13w", "1y"];

interface Props {
  /** The silence that is changed; null for a new one. */
  id: string | null;
  title: string;
  action: string;
  first: SilenceDraft;
  known: readonly Labels[];
  onSaved: (id: string, createdBy: string) => void;
  onCancel: () => void;
}

/** Makes or changes a silence; shows all the while which alerts it would be about. */
export function SilenceForm({ id, title, action, first, known, onSaved, onCancel }: Props) {
  const now = useNow();
  const [draft, setDraft] = useState(first);
  const [tries, setTries] = useState(0);
  const form = useProblemFocus(tries);
  const isTried = tries > 0;
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const problems = isTried ? problemsOf(draft, now) : null;
  const isRecurring = draft.intervals.length > 0;
  const set = (fields: Partial<SilenceDraft>) => setDraft((before) => ({ ...before, ...fields }));

  async function save(event: FormEvent) {
    event.preventDefault();
    setTries(tries + 1);
    if (problemsOf(draft, Date.now())) return;
    setSending(true);
    setFailure(null);
    try {
      const { data } = await saveSilence(id, termsOf(draft, Date.now()));
      rememberComment(draft.comment);
      onSaved(data.silenceID, draft.createdBy.trim());
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  }

  return (
    <Section title={title}>
      <form ref={form} onSubmit={(event) => void save(event)} noValidate>
        <Stack p="md" gap="lg">
          <MatcherInput
            label="Alerts that are silenced"
            description="Those whose labels all of these match. Enter takes what is typed."
            matchers={draft.matchers}
            onChange={(matchers) => set({ matchers })}
            known={known}
            placeholder='alertname="DiskFull"'
            error={problems?.matchers}
          />
          <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
            <MomentInput
              label="Starts"
              {...(draft.startsAt === null ? { description: "Empty: at once" } : {})}
              value={draft.startsAt}
              onChange={(startsAt) => set({ startsAt })}
              onClear={() => set({ startsAt: null })}
            />
            <div>
              <TextInput
                label="Lasts"
                placeholder="2h"
                value={lastsOf(draft, now)}
                onChange={(event) => set({ end: { lasts: event.currentTarget.value } })}
              />
              <Group gap={4} mt={6}>
                {(isRecurring ? USUAL_RECURRING : USUAL).map((lasts) => (
                  <Button
                    key={lasts}
                    size="compact-xs"
                    variant="default"
                    aria-label={`Lasts ${lasts}`}
                    onClick={() => set({ end: { lasts } })}
                  >
                    {lasts}
                  </Button>
                ))}
              </Group>
            </div>
            <MomentInput
              label="Ends"
              value={endOf(draft, now)}
              error={problems?.end}
              onChange={(at) => set({ end: { at } })}
            />
          </SimpleGrid>
          <Stack gap="sm">
            {isRecurring && (
              <Text size="sm" c="dimmed">
                Between its start and its end it holds at these times alone.
              </Text>
            )}
            {draft.intervals.map((interval, index) => (
              <IntervalFields
                key={index}
                number={index + 1}
                draft={interval}
                problems={problems?.intervals?.[index] ?? null}
                onChange={(changed) => set({ intervals: draft.intervals.with(index, changed) })}
                onRemove={() => set({ intervals: draft.intervals.toSpliced(index, 1) })}
              />
            ))}
            <Group>
              <Button
                size="xs"
                variant="default"
                onClick={() => setDraft(withInterval(draft, emptyInterval(localZone())))}
              >
                {isRecurring ? "Add other times" : "Recur: only at certain times"}
              </Button>
            </Group>
          </Stack>
          <SignatureFields
            author={draft.createdBy}
            onAuthor={(createdBy) => set({ createdBy })}
            authorError={problems?.createdBy}
            comment={draft.comment}
            onComment={(comment) => set({ comment })}
            commentError={problems?.comment}
          />
          <div>
            <Title order={3} size="h6" mb={6}>
              Preview
            </Title>
            <AffectedAlerts
              matchers={draft.matchers}
              none="No alert matches now. It would be about those to come."
            />
          </div>
          {failure !== null && <ErrorText>{failure}</ErrorText>}
          <Group justify="flex-end">
            {problems && (
              <Text size="sm" c="var(--nx-bad)" role="alert">
                Something is missing above.
              </Text>
            )}
            <Button variant="default" onClick={onCancel}>
              Cancel
            </Button>
            <Button type="submit" loading={isSending}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
