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
  active: "red",
  silenced: "gray",
  inhibited: "gray",
  muted: "gray",
  acknowledged: "blue",
  firing: "red",
  down: "red",
  err: "red",
  failed: "red",
};

/** A state by word and color: never by color alone. A color is given where the word has another one elsewhere. */
export function StateBadge({ state, color = COLORS[state] ?? "gray" }: { state: string; color?: string }) {
  return (
    <Badge variant="light" size="sm" radius="sm" color={color} miw={64}>
      {state === "err" ? "error" : state}
    </Badge>
  );
}
