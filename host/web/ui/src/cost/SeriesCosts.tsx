import { SimpleGrid, Text } from "@mantine/core";
import { QueryLink } from "../components/QueryLink";
import { count, formatBytes, formatShare, formatValue } from "../format/value";
import { Link, useSearchParam } from "../router";
import type { RequestState } from "../state/useRequest";
import type { TsdbStatus } from "../statusApi";
import { rankings, valuesExpr, type RankedRow } from "../store/rankings";
import { CostTable } from "./CostTable";
import type { Column } from "./costs";
import { labelCosts, type LabelCost } from "./labels";
import type { Usage } from "./usage";

interface Props {
  state: RequestState<TsdbStatus>;
  /** Which names rules and queries use; null while that is not known. */
  usage: ReadonlyMap<string, Usage> | null;
}

const METRIC_COLUMNS: readonly Column<RankedRow>[] = [
  {
    key: "series",
    title: "Series",
    value: (row) => row.value,
    text: (row) => `${formatValue(row.value)}${row.share === null ? "" : ` (${formatShare(row.share)})`}`,
    share: (row) => row.share,
  },
];

const LABEL_COLUMNS: readonly Column<LabelCost>[] = [
  { key: "values", title: "Values", value: (row) => row.values, text: (row) => (row.values === null ? "–" : formatValue(row.values)) },
  { key: "bytes", title: "Bytes of these", value: (row) => row.bytes, text: (row) => (row.bytes === null ? "–" : formatBytes(row.bytes)) },
];

/** The metrics and labels that fill the store. */
export function SeriesCosts({ state, usage }: Props) {
  const [labelSort, setLabelSort] = useSearchParam("labels");
  const status = state.answer?.data;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing={0} style={{ alignItems: "start" }}>
      <CostTable
        id="metrics"
        title="Metrics"
        aside={
          <Text size="sm">
            <Link page="tsdb-status">More of the store</Link>
          </Text>
        }
        advice={
          <>
            Each series takes memory, and room on the disk. What no rule and no query names can go: drop it by{" "}
            <code>metric_relabel_configs</code> of its job. Buckets (<code>_bucket</code>) shrink the most as native
            histograms. Queries count since the start of the host. Not seen are those that select by a regular expression,
            dashboards that nobody opened since then, and other servers that collect from this one.
          </>
        }
        state={state}
        rows={status ? (rankings(status)[0]?.rows ?? []) : null}
        rowKey={(row) => row.name}
        nameTitle="Metric"
        name={(row) => (
          <>
            <QueryLink expr={row.expr}>{row.name}</QueryLink>
            {usage && <Naming usage={usage.get(row.name)} />}
          </>
        )}
        columns={METRIC_COLUMNS}
        none="The store's head is empty."
      />
      <CostTable
        id="labels"
        title="Labels"
        advice={
          <>
            Each value of a label makes series of its own. Identities, addresses and paths do not belong into labels: bound
            them where they are made, or take the label off by <code>labeldrop</code> where the rest still tells series apart.
          </>
        }
        state={state}
        rows={status ? labelCosts(status) : null}
        rowKey={(row) => row.name}
        nameTitle="Label"
        name={(row) => <QueryLink expr={valuesExpr(row.name)}>{row.name}</QueryLink>}
        columns={LABEL_COLUMNS}
        sort={labelSort}
        onSort={setLabelSort}
        none="The store's head is empty."
      />
    </SimpleGrid>
  );
}

function Naming({ usage }: { usage: Usage | undefined }) {
  const parts = [
    usage && usage.rules > 0 && count(usage.rules, "rule", "rules"),
    usage && usage.queries > 0 && count(usage.queries, "query", "queries"),
  ].filter(Boolean);
  return (
    <Text size="xs" c="dimmed" fw={parts.length === 0 ? 600 : 400}>
      {parts.length === 0 ? "named by nothing" : `named by ${parts.join(" and ")}`}
    </Text>
  );
}
