import { Button } from "@mantine/core";
import { useState } from "react";
import type { Labels } from "../api";
import { LabelSet } from "../components/LabelSet";
import { foldedNames } from "./folding";

const LABELS_AT_FIRST = 14;
/** Fewer than this are shown instead of being counted. */
const FOLDED_MIN = 3;

/** The labels of a target as it was found; of many, those first that are read first. */
export function DiscoveredLabels({ labels }: { labels: Labels }) {
  const [isWhole, setIsWhole] = useState(false);
  const folded = foldedNames(labels, LABELS_AT_FIRST);
  if (folded.length < FOLDED_MIN) return <LabelSet labels={labels} />;
  return (
    <>
      <LabelSet labels={labels} without={isWhole ? [] : folded} />
      <Button mt={4} variant="subtle" size="compact-xs" onClick={() => setIsWhole(!isWhole)}>
        {isWhole ? "Show fewer" : `Show ${folded.length} more labels`}
      </Button>
    </>
  );
}
