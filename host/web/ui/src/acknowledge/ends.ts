/** When an acknowledgement ends. Pure. */
import { parseDuration } from "../format/duration";

/** A duration that is typed. */
export const OTHER_END = "other";

/** What can be chosen: never before the alert, after a duration, or another one. */
export const ENDS: readonly { value: string; label: string }[] = [
  { value: "", label: "With the alert" },
  { value: "1h", label: "1 h" },
  { value: "4h", label: "4 h" },
  { value: "1d", label: "1 d" },
  { value: OTHER_END, label: "Other" },
];

/** Milliseconds since the epoch; null while what is typed is no duration. */
export function endOf(choice: string, typed: string, now: number): number | "never" | null {
  if (choice === "") return "never";
  const duration = parseDuration(choice === OTHER_END ? typed : choice);
  return duration === null || duration === 0 ? null : now + duration;
}
