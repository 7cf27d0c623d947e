import { Button, Center } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { count } from "../format/value";

/** The first of many items, and the button that shows more of them; null when all are shown. */
export function useBounded<T>(items: readonly T[], atOnce: number): [shown: readonly T[], more: ReactNode] {
  const [limit, setLimit] = useState(atOnce);
  const left = items.length - limit;
  if (left <= 0) return [items, null];
  const more = (
    <Center py="sm">
      <Button variant="default" size="xs" onClick={() => setLimit(limit + atOnce)}>
        Show more ({count(left, "is", "are")} left)
      </Button>
    </Center>
  );
  return [items.slice(0, limit), more];
}
