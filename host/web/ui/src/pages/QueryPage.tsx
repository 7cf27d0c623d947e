import { Button, Stack } from "@mantine/core";
import { Panel } from "../query/Panel";
import { usePanels } from "../query/usePanels";

/** Expressions and their answers, in as many panels as wanted. */
export default function QueryPage() {
  const { panels, patch, add, duplicate, remove, isFull } = usePanels();
  const isFresh = panels.length === 1 && panels[0]?.state.expr === "";
  return (
    <Stack gap="md" align="stretch">
      <h1 className="nx-hidden">Query</h1>
      {panels.map(({ id, state }, index) => (
        <Panel
          key={id}
          panel={state}
          number={index + 1}
          onPatch={(changes) => patch(id, changes)}
          onDuplicate={() => duplicate(id)}
          onRemove={panels.length > 1 ? () => remove(id) : null}
          autoFocus={isFresh}
        />
      ))}
      <Button variant="default" onClick={add} disabled={isFull} style={{ alignSelf: "flex-start" }}>
        Add panel
      </Button>
    </Stack>
  );
}
