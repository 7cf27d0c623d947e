import { Button, Group, Input, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { acknowledge } from "../alertingApi";
import { ErrorText } from "../components/ErrorText";
import { SignatureFields } from "../components/SignatureFields";
import { useProblemFocus } from "../components/useProblemFocus";
import { AffectedAlerts } from "../matchers/AffectedAlerts";
import type { Matcher } from "../matchers/matcher";
import { rememberComment, useAuthor } from "../state/signature";
import { ENDS, OTHER_END, endOf } from "./ends";

/** What is asked before alerts are acknowledged. */
export function AcknowledgeForm({ matchers, onDone }: { matchers: Matcher[]; onDone: () => void }) {
  const [author, setAuthor] = useAuthor();
  const [comment, setComment] = useState("");
  const [choice, setChoice] = useState("");
  const [typed, setTyped] = useState("");
  const [tries, setTries] = useState(0);
  const form = useProblemFocus(tries);
  const isTried = tries > 0;
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const end = endOf(choice, typed, Date.now());

  async function send(event: FormEvent) {
    event.preventDefault();
    setTries(tries + 1);
    if (author.trim() === "" || end === null) return;
    setSending(true);
    setFailure(null);
    try {
      const terms = { matchers, createdBy: author.trim(), comment: comment.trim() };
      await acknowledge(end === "never" ? terms : { ...terms, endsAt: new Date(end).toISOString() });
      rememberComment(comment);
      onDone();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  }

  return (
    <form ref={form} onSubmit={(event) => void send(event)} noValidate>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          What is acknowledged is not repeated to receivers. What is new, and every end, is told as ever.
        </Text>
        <SignatureFields
          author={author}
          onAuthor={setAuthor}
          authorError={isTried && author.trim() === "" ? "Say who cares for it." : undefined}
          comment={comment}
          onComment={setComment}
        />
        <Input.Wrapper label="It ends" labelElement="div">
          <Group gap="xs">
            <SegmentedControl size="xs" aria-label="It ends" data={[...ENDS]} value={choice} onChange={setChoice} />
            {choice === OTHER_END && (
              <TextInput
                size="xs"
                w={150}
                aria-label="It ends after"
                placeholder="2h30m"
                value={typed}
                error={isTried && end === null ? "Write it as 2h30m." : undefined}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
            )}
          </Group>
        </Input.Wrapper>
        <AffectedAlerts matchers={matchers} none="No alert fires that matches: there is nothing to acknowledge." />
        {failure !== null && <ErrorText>{failure}</ErrorText>}
        <Group justify="flex-end">
          <Button type="submit" loading={isSending}>
            Acknowledge
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
