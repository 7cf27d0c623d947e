import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import type { Matcher } from "../matchers/matcher";
import { AcknowledgeForm } from "./AcknowledgeForm";

interface Props {
  /** The alerts that it is about. */
  matchers: Matcher[];
  onDone: () => void;
}

/** Asks for a name, a comment and an end, and acknowledges. */
export function AcknowledgeButton({ matchers, onDone }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => setOpen(true)}>
        Acknowledge
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title="Acknowledge"
        size="lg"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <AcknowledgeForm
          matchers={matchers}
          onDone={() => {
            setOpen(false);
            onDone();
          }}
        />
      </Modal>
    </>
  );
}
