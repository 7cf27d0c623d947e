import { Text } from "@mantine/core";
import { humanizeSeconds } from "../format/duration";
import { count } from "../format/value";

interface Props {
  tookMs: number | null;
  results: number;
  noun: [one: string, many: string];
  /** How many samples the host read for it, where it tells. */
  samplesRead: number | undefined;
  /** The step of a range query. */
  step?: string;
  isLoading: boolean;
}

/** How long the newest query took, as seen from here, and how much it brought. */
export function QueryStats({ tookMs, results, noun, samplesRead, step, isLoading }: Props) {
  return (
    <Text size="xs" c="dimmed" role="status">
      {isLoading ? "Running… " : ""}
      {count(results, ...noun)}
      {step !== undefined && `, step ${step}`}
      {samplesRead !== undefined && `, ${count(samplesRead, "sample", "samples")} read`}
      {tookMs !== null && `, ${humanizeSeconds(tookMs / 1000)}`}
    </Text>
  );
}
