import { Button, Modal } from "@mantine/core";
import { useRef, useState } from "react";
import type { Matcher } from "../matchers/matcher";
import { AcknowledgeForm } from "./AcknowledgeForm";

interface Props {
  /** The alerts that it is about. */
  matchers: Matcher[];
  onDone: () => void;
}

/** Asks for a name, a comment and an end, and acknowledges. */
export function AcknowledgeButton({ matchers, onDone }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  // A page has hundreds of these buttons: each has a dialog from when it is first wanted.
  const [wasOpen, setWasOpen] = useState(false);
  const open = () => {
    setWasOpen(true);
    setOpen(true);
  };
  return (
    <>
      <Button ref={button} size="compact-xs" variant="default" onClick={open}>
        Acknowledge
      </Button>
      {wasOpen && (
        <Modal
          opened={isOpen}
          onClose={() => setOpen(false)}
          onExitTransitionEnd={() => button.current?.focus()}
          returnFocus={false}
          title="Acknowledge"
          size="lg"
        >
          <AcknowledgeForm
            matchers={matchers}
            onDone={() => {
              setOpen(false);
              onDone();
            }}
          />
        </Modal>
      )}
    </>
  );
}
