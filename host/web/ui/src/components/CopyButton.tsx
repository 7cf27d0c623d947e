import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./CopyButton.module.css";
import { useCopied } from "./useCopied";

const WORDS = { no: "", yes: "Copied", failed: "Not copied: the browser forbids it" };

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, copy] = useCopied();
  return (
    <Button variant="default" size="compact-xs" onClick={() => copy(text)}>
      {WORDS[copied] || label}
    </Button>
  );
}

/** A text that a click copies: it looks as it would without. `what` names it. */
export function Copyable({ text, what, children }: { text: string; what: string; children: ReactNode }) {
  const [copied, copy] = useCopied();
  return (
    <>
      <button
        type="button"
        className={classes.text}
        title={`Copy ${what}`}
        onClick={(event) => {
          if (!isMarked(event.currentTarget)) copy(text);
        }}
      >
        {children}
      </button>
      {copied !== "no" && (
        <span className={classes.said} role="status">
          {WORDS[copied]}
        </span>
      )}
    </>
  );
}

/** Who marks a part of a text wants that part. */
function isMarked(element: Element): boolean {
  const selection = window.getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(element, true);
}
