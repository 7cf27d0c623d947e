import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Loading } from "../components/Loading";
import { RequestNotice } from "../components/RequestNotice";
import { Section } from "../components/Section";
import { useBounded } from "../components/useBounded";
import type { RequestState } from "../state/useRequest";
import classes from "./CostTable.module.css";
import { barLength, sortRows, type Column } from "./costs";

const ROWS_AT_ONCE = 10;
/** From here on a limit is nearly reached. */
const NEARLY = 0.8;

interface Props<R> {
  /** In the page's address. */
  id: string;
  title: string;
  aside?: ReactNode;
  /** What the cost is, and what can be done about it. */
  advice: ReactNode;
  state: RequestState<unknown>;
  /** Null while they are not known. */
  rows: readonly R[] | null;
  rowKey: (row: R) => string;
  nameTitle: string;
  name: (row: R) => ReactNode;
  columns: readonly Column<R>[];
  /** The key of the column that the rows are sorted by; the first one unless it is said. */
  sort?: string;
  /** What a click on the title of a column does, where there is a choice. */
  onSort?: (key: string) => void;
  /** What is said where there are no rows. */
  none: string;
}

/** One kind of cost: what it is, and what takes the most of it. */
export function CostTable<R>(props: Props<R>) {
  const { state, rows } = props;
  // That the host is away is said once, at the top of the page.
  const hasOwnError = state.error !== null && !state.error.isTransient;
  return (
    <Section id={props.id} title={props.title} aside={props.aside}>
      <Text size="sm" c="dimmed" px="md" py="xs" maw={900}>
        {props.advice}
      </Text>
      {hasOwnError && <RequestNotice state={state} />}
      {rows === null && state.isLoading && <Loading label={`Loading ${props.title}`} />}
      {rows !== null && rows.length === 0 && (
        <Text size="sm" px="md" pb="md">
          {props.none}
        </Text>
      )}
      {rows !== null && rows.length > 0 && <Rows {...props} rows={rows} />}
    </Section>
  );
}

function Rows<R>(props: Props<R> & { rows: readonly R[] }) {
  const { columns, rows, onSort } = props;
  const sorted = columns.find((column) => column.key === props.sort) ?? columns[0];
  const [shown, more] = useBounded(sorted ? sortRows(rows, sorted) : rows, ROWS_AT_ONCE);
  return (
    <>
      {/* The roles stay where the style makes blocks of the rows. */}
      <table role="table" className={classes.table} aria-label={props.title}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              {props.nameTitle}
            </th>
            {columns.map((column) => (
              <th
                key={column.key}
                role="columnheader"
                scope="col"
                className={classes.figure}
                aria-sort={column === sorted ? "descending" : undefined}
              >
                {onSort ? (
                  <button type="button" className={classes.sort} onClick={() => onSort(column.key)}>
                    {column.title}
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((row) => (
            <tr key={props.rowKey(row)} role="row">
              <th role="rowheader" scope="row">
                {props.name(row)}
              </th>
              {columns.map((column) => (
                <td key={column.key} role="cell" className={classes.figure}>
                  <span className={classes.label} aria-hidden="true">
                    {column.title}
                  </span>
                  {column.text(row)}
                  <Bar length={barLength(row, rows, column)} isLimit={column.isLimit ?? false} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </>
  );
}

function Bar({ length, isLimit }: { length: number | null; isLimit: boolean }) {
  if (length === null) return null;
  return (
    <span className={classes.bar} aria-hidden="true" data-alarm={(isLimit && length >= NEARLY) || undefined}>
      <span style={{ width: `${length * 100}%` }} />
    </span>
  );
}
