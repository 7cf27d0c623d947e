import { Box, Group } from "@mantine/core";
import { useMemo, useState } from "react";
import { Loading } from "../../components/Loading";
import type { PanelState } from "../panel";
import { QueryError } from "../QueryError";
import { TimeInput } from "../TimeInput";
import { PartNotes } from "./PartNotes";
import { PartTree } from "./PartTree";
import { flatten } from "./parts";
import { useParts } from "./useParts";

const MOMENT_STEP_MS = 10 * 60_000;

interface Props {
  panel: PanelState;
  onPatch: (patch: Partial<PanelState>) => void;
  /** Grows with every run: the same expression is run again. */
  run: number;
  onGoTo: (offset: number) => void;
}

/** The parts of the expression, what comes of each, and what the one that is chosen does. */
export default function TreeTab({ panel, onPatch, run, onGoTo }: Props) {
  const { expr, moment } = panel;
  const { root, error, isLoading, outcomes } = useParts(expr, moment, run);
  const [selected, setSelected] = useState("0");
  const chosen = useMemo(() => root && (flatten(root).find((part) => part.id === selected) ?? root), [root, selected]);

  return (
    <Box pb="md">
      <Group px="md" py="sm">
        <TimeInput
          label="Evaluation time"
          value={moment}
          onChange={(value) => onPatch({ moment: value })}
          stepMs={MOMENT_STEP_MS}
        />
      </Group>
      {error && <QueryError error={error} expr={expr} onGoTo={onGoTo} />}
      {!root && isLoading && <Loading label="Reading the expression" />}
      {root && chosen && (
        <>
          <Box px="md" pb="sm">
            <PartTree parts={[root]} outcomes={outcomes} selected={chosen.id} onSelect={setSelected} />
          </Box>
          <PartNotes key={chosen.id} part={chosen} outcomes={outcomes} />
        </>
      )}
    </Box>
  );
}
