/** What is told of a replay of the store's log. Pure. */
import type { WalReplay } from "../api";

export interface ReplayView {
  percent: number;
  text: string;
  hasFailed: boolean;
}

/** Null when there is nothing to tell: all samples are there. */
export function replayView(replay: WalReplay): ReplayView | null {
  if (replay.state === undefined || replay.state === "done") return null;
  if (replay.state === "failed") {
    return {
      percent: replay.percent ?? 0,
      text: "The log could not be read to its end: older samples may be missing. The host's own log says why.",
      hasFailed: true,
    };
  }
  const percent = Math.min(100, Math.max(0, replay.percent ?? 0));
  const segment = replay.state === "waiting" ? "" : `, segment ${replay.current} of ${replay.max}`;
  return {
    percent,
    text: `Older samples are still being read: ${percent} %${segment}. New ones are there already.`,
    hasFailed: false,
  };
}
