import { Text } from "@mantine/core";
import { ExprLink } from "../components/ExprLink";
import { RelativeTime } from "../components/Time";
import { humanizeSeconds } from "../format/duration";
import { parseInstant } from "../format/time";
import { count, formatShare, formatValue } from "../format/value";
import { useSearchParam } from "../router";
import type { RequestState } from "../state/useRequest";
import type { QueryCost, TopQueries } from "../statusApi";
import { CostTable } from "./CostTable";
import { shareOf, type Column } from "./costs";
import { isOwnQuery } from "./scrapes";

/** The queries of people, dashboards and programs that cost the most since the start. */
export function QueryCosts({ state }: { state: RequestState<TopQueries> }) {
  const [sort, setSort] = useSearchParam("queries");
  const top = state.answer?.data;
  const queries = top?.queries ?? null;
  return (
    <CostTable
      id="queries"
      title="Queries"
      aside={
        top && (
          <Text size="sm" c="dimmed">
            since <RelativeTime at={parseInstant(top.since)} />
            {top.forgotten > 0 && `, ${count(top.forgotten, "cheap one is", "cheap ones are")} forgotten`}
          </Text>
        )
      }
      advice="What people, dashboards and programs asked, without rules. What is asked often and costs much is cheaper as a recording rule; what is asked of a wide range is cheaper with a longer step."
      state={state}
      rows={queries}
      rowKey={(row) => row.query}
      nameTitle="Query"
      name={(row) => (
        <>
          <ExprLink expr={row.query} />
          <Text size="xs" c="dimmed" mt={2}>
            last <RelativeTime at={parseInstant(row.last)} />
            {isOwnQuery(row.query) && ", asked by this page"}
            {row.failed > 0 && `, ${formatValue(row.failed)} failed`}
          </Text>
        </>
      )}
      columns={queries ? queryColumns(queries) : []}
      sort={sort}
      onSort={setSort}
      none="Nothing was asked since the start."
    />
  );
}

function queryColumns(queries: readonly QueryCost[]): Column<QueryCost>[] {
  const seconds = queries.reduce((sum, each) => sum + each.durationSum, 0);
  return [
    {
      key: "duration",
      title: "Took together",
      value: (row) => row.durationSum,
      text: (row) => {
        const share = shareOf(row.durationSum, seconds);
        return `${humanizeSeconds(row.durationSum)}${share === null ? "" : ` (${formatShare(share)})`}`;
      },
      share: (row) => shareOf(row.durationSum, seconds),
    },
    { key: "slowest", title: "Slowest", value: (row) => row.durationMax, text: (row) => humanizeSeconds(row.durationMax) },
    { key: "count", title: "Asked", value: (row) => row.count, text: (row) => formatValue(row.count) },
    { key: "samples", title: "Samples read", value: (row) => row.samplesSum, text: (row) => formatValue(row.samplesSum) },
  ];
}
