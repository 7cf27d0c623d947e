import { Button, CopyButton as Copied } from "@mantine/core";

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <Copied value={text}>
      {({ copied, copy }) => (
        <Button variant="default" size="compact-xs" onClick={copy}>
          {copied ? "Copied" : label}
        </Button>
      )}
    </Copied>
  );
}
