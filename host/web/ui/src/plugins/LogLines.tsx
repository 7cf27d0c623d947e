import type { PluginLogLine } from "../api";
import { AbsoluteTime } from "../components/Time";
import { parseInstant } from "../format/time";
import { count } from "../format/value";
import classes from "./PluginCard.module.css";

/** The last lines that a plugin wrote to the log, the newest first. */
export function LogLines({ lines }: { lines: readonly PluginLogLine[] }) {
  if (lines.length === 0) return null;
  return (
    <details>
      <summary className={classes.summary}>last {count(lines.length, "log line", "log lines")}</summary>
      <ol className={classes.log}>
        {lines.toReversed().map((line, index) => (
          <li key={index} data-level={line.level}>
            <AbsoluteTime at={parseInstant(line.at)} /> {line.level} {line.call}: {line.message} {line.fields}
          </li>
        ))}
      </ol>
    </details>
  );
}
