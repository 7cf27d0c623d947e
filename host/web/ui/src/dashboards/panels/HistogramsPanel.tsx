import { Stack, Text } from "@mantine/core";
import { QueryLink } from "../../components/QueryLink";
import type { HistogramAdvice } from "../data/histogramAdvice";

/** In the place of a panel of numbers that was answered histograms: what to ask for. */
export function HistogramsPanel({ advice }: { advice: readonly HistogramAdvice[] }) {
  return (
    <Stack h="100%" justify="center" align="center" gap={4} style={{ overflow: "auto" }}>
      <Text c="dimmed" size="sm" ta="center">
        Native histograms, which only heatmaps draw. Ask for a number of them, such as
      </Text>
      {advice.map(({ refId, expr }) => (
        <span key={refId} style={{ overflowWrap: "anywhere", textAlign: "center" }}>
          <QueryLink expr={expr}>{expr}</QueryLink>
        </span>
      ))}
    </Stack>
  );
}
