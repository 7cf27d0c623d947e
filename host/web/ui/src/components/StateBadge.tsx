import { Badge } from "@mantine/core";

const COLORS: Record<string, string> = {
  up: "green",
  ok: "green",
  ready: "green",
  inactive: "green",
  pending: "yellow",
  unknown: "gray",
  waiting: "gray",
  "backing-off": "yellow",
  failing: "yellow",
  compiling: "blue",
  disabled: "gray",
  firing: "red",
  down: "red",
  err: "red",
  failed: "red",
};

/** A state by word and color: never by color alone. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge variant="light" size="sm" radius="sm" color={COLORS[state] ?? "gray"} miw={64}>
      {state === "err" ? "error" : state}
    </Badge>
  );
}
