import { Tooltip } from "@mantine/core";
import { humanizeSeconds } from "../format/duration";
import { formatTime } from "../format/time";
import { useNow } from "../state/now";
import { useSettings } from "../state/settings";

/** An instant, in the user's zone. */
export function AbsoluteTime({ at }: { at: number | null }) {
  const { zone } = useSettings();
  if (at === null) return <>–</>;
  return <time dateTime={new Date(at).toISOString()}>{formatTime(at, zone)}</time>;
}

/** How long ago an instant was; the instant itself on hover and for assistive technology. */
export function RelativeTime({ at, never = "never" }: { at: number | null; never?: string }) {
  const now = useNow();
  const { zone } = useSettings();
  if (at === null) return <>{never}</>;
  const seconds = Math.floor(Math.max(0, now - at) / 1000);
  return (
    <Tooltip label={`${formatTime(at, zone)}${zone === "utc" ? " UTC" : ""}`}>
      <time dateTime={new Date(at).toISOString()}>
        {seconds < 1 ? "just now" : `${humanizeSeconds(seconds)} ago`}
      </time>
    </Tooltip>
  );
}

/** How long it is until an instant; the instant itself on hover and for assistive technology. */
export function TimeUntil({ at }: { at: number | null }) {
  const now = useNow();
  const { zone } = useSettings();
  if (at === null) return <>–</>;
  const seconds = Math.ceil((at - now) / 1000);
  return (
    <Tooltip label={`${formatTime(at, zone)}${zone === "utc" ? " UTC" : ""}`}>
      <time dateTime={new Date(at).toISOString()}>{seconds < 1 ? "now" : `in ${humanizeSeconds(seconds)}`}</time>
    </Tooltip>
  );
}
