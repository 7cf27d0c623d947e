import { Alert, Anchor, Text } from "@mantine/core";
import type { ApiError } from "../api";
import { AbsoluteTime } from "../components/Time";
import { findErrorPosition } from "../promql/errorPosition";
import classes from "./QueryError.module.css";

interface Props {
  error: ApiError;
  /** The expression that was run. */
  expr: string;
  onGoTo: (offset: number) => void;
  /** Whether the request is sent again by itself while the host is away. */
  isRetried?: boolean;
  /** When the answer that is shown below arrived, in milliseconds; null where none is. */
  shownFrom?: number | null;
}

const TITLES: Record<string, string> = {
  bad_data: "The query is not valid",
  execution: "The query could not be run",
  timeout: "The query took too long",
  canceled: "The query was canceled",
};

/** What went wrong with a query, with the place in the expression where the host names it. */
export function QueryError({ error, expr, onGoTo, isRetried = true, shownFrom = null }: Props) {
  const shown = shownFrom !== null && (
    <Text size="sm">
      What is shown below is from <AbsoluteTime at={shownFrom} />.
    </Text>
  );
  if (error.isTransient) {
    return (
      <Alert color="yellow" title={error.message} role="alert" m="md">
        {isRetried && <Text size="sm">Trying again by itself.</Text>}
        {shown}
      </Alert>
    );
  }
  const position = findErrorPosition(error.message, expr);
  return (
    <Alert color="red" title={TITLES[error.errorType ?? ""] ?? "The query failed"} role="alert" m="md">
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {position ? position.message : error.message}
      </Text>
      {position && (
        <>
          <pre className={classes.excerpt} aria-hidden="true">
            {position.line.slice(0, position.column)}
            <mark className={classes.mark}>{charAt(position.line, position.column)}</mark>
            {position.line.slice(position.column + charAt(position.line, position.column).length)}
            {"\n"}
            {" ".repeat(position.column)}^
          </pre>
          <Anchor component="button" type="button" size="sm" onClick={() => onGoTo(position.offset)}>
            Go to line {position.lineNumber + 1}, column {position.column + 1}
          </Anchor>
        </>
      )}
      {shown}
    </Alert>
  );
}

function charAt(line: string, column: number): string {
  const code = line.codePointAt(column);
  return code === undefined ? " " : String.fromCodePoint(code);
}
