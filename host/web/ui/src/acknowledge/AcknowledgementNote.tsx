import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { unacknowledge, type Acknowledgement } from "../alertingApi";
import { ErrorText } from "../components/ErrorText";
import { RelativeTime, TimeUntil } from "../components/Time";
import { parseInstant } from "../format/time";

interface Props {
  acknowledgement: Acknowledgement;
  /** Of the alert. */
  fingerprint: string;
  onDone: () => void;
}

/** Who cares for an alert, since when, until when; and the button that takes it back. */
export function AcknowledgementNote({ acknowledgement, fingerprint, onDone }: Props) {
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const { createdBy, createdAt, endsAt, comment } = acknowledgement;

  async function takeBack() {
    setSending(true);
    setFailure(null);
    try {
      await unacknowledge(fingerprint);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setSending(false);
    onDone();
  }

  return (
    <Group gap="xs" mt={4}>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        Acknowledged by <b>{createdBy || "nobody who gave a name"}</b> <RelativeTime at={parseInstant(createdAt)} />
        {endsAt !== undefined && (
          <>
            , ends <TimeUntil at={parseInstant(endsAt)} />
          </>
        )}
        {comment !== "" && `: ${comment}`}
      </Text>
      <Button size="compact-xs" variant="default" loading={isSending} onClick={() => void takeBack()}>
        Take back
      </Button>
      {failure !== null && <ErrorText>{failure}</ErrorText>}
    </Group>
  );
}
