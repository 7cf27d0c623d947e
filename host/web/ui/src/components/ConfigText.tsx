import { Code } from "@mantine/core";

/** Configuration as it is written; the keyboard scrolls it. */
export function ConfigText({ yaml }: { yaml: string }) {
  return (
    <Code block fz={12.5} bg="transparent" p="md" tabIndex={0}>
      {yaml}
    </Code>
  );
}
