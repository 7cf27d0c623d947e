import { Button } from "@mantine/core";
import { Link } from "../router";
import { formatMatchers, type Matcher } from "../matchers/matcher";

/** Leads to the form for a silence of what matches. */
export function SilenceLink({ matchers }: { matchers: readonly Matcher[] }) {
  return (
    <Button
      component={Link}
      page="silences"
      search={`?${new URLSearchParams({ new: formatMatchers(matchers) })}`}
      size="compact-xs"
      variant="default"
    >
      Silence
    </Button>
  );
}
