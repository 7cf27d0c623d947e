import { Text } from "@mantine/core";
import { listed } from "../format/labels";
import { Link } from "../router";

interface Props {
  /** Ids of silences, fingerprints of alerts, names of time intervals. */
  reasons: { silencedBy: readonly string[]; inhibitedBy: readonly string[]; mutedBy: readonly string[] };
  /** The name of an alert that is known. */
  nameOf: (fingerprint: string) => string | undefined;
}

/** Why nobody is told of an alert, one reason a line; nothing where there is none. */
export function QuietReasons({ reasons, nameOf }: Props) {
  const { silencedBy, inhibitedBy, mutedBy } = reasons;
  return (
    <>
      {silencedBy.map((id) => (
        <Text key={id} size="sm">
          Silenced by{" "}
          <Link page="silences" search={`?${new URLSearchParams({ id })}`}>
            {id.slice(0, 8)}
          </Link>
        </Text>
      ))}
      {inhibitedBy.map((fingerprint) => (
        <Text key={fingerprint} size="sm">
          Inhibited by {nameOf(fingerprint) ?? `the alert ${fingerprint}`}
        </Text>
      ))}
      {mutedBy.length > 0 && <Text size="sm">Muted at this time by {listed(mutedBy)}</Text>}
    </>
  );
}
