import { Group } from "@mantine/core";
import type { QueryData } from "../api";
import { LabelSet } from "../components/LabelSet";
import { humanizeSeconds } from "../format/duration";
import { formatShare, formatValue } from "../format/value";
import { Link, useSearchParam } from "../router";
import type { RequestState } from "../state/useRequest";
import { CostTable } from "./CostTable";
import { shareOf, type Column } from "./costs";
import { scrapeRows, type ScrapeFigures, type ScrapeRow } from "./scrapes";

interface Props {
  jobs: RequestState<QueryData>;
  targets: RequestState<QueryData>;
  /** Of all targets together; null while that is not known. */
  totals: ScrapeFigures | null;
}

/** The jobs and targets that bring the most, take the longest, or never stay the same. */
export function ScrapeCosts({ jobs, targets, totals }: Props) {
  const [jobSort, setJobSort] = useSearchParam("jobs");
  const [targetSort, setTargetSort] = useSearchParam("targets");
  const columns = figureColumns(totals);
  return (
    <>
      <CostTable
        id="jobs"
        title="Jobs"
        advice={
          <>
            What each job brings. A longer <code>scrape_interval</code> costs less at once; <code>sample_limit</code> bounds
            a job that may grow. Many new series in an hour are names or labels that never stay the same, of pods, of
            versions, of requests: these cost more than their number tells.
          </>
        }
        state={jobs}
        rows={jobs.answer ? scrapeRows(jobs.answer.data) : null}
        rowKey={(row) => row.labels["job"] ?? ""}
        nameTitle="Job"
        name={(row) => <TargetsLink label="job" row={row} />}
        columns={[TARGETS, ...columns]}
        sort={jobSort === "" ? "kept" : jobSort}
        onSort={setJobSort}
        none="Nothing was scraped within the last minutes."
      />
      <CostTable
        id="targets"
        title="Targets"
        advice="Single targets. One that takes near its timeout soon fails; one that brings far more than others of its job is worth a look."
        state={targets}
        rows={targets.answer ? scrapeRows(targets.answer.data) : null}
        rowKey={(row) => JSON.stringify(row.labels)}
        nameTitle="Target"
        name={(row) => (
          <Group gap="xs">
            <TargetsLink label="instance" row={row} />
            <LabelSet labels={row.labels} without={["instance"]} />
          </Group>
        )}
        columns={columns}
        sort={targetSort}
        onSort={setTargetSort}
        none="Nothing was scraped within the last minutes."
      />
    </>
  );
}

function TargetsLink({ label, row }: { label: string; row: ScrapeRow }) {
  const value = row.labels[label] ?? "";
  return (
    <Link page="targets" search={`?${new URLSearchParams({ search: `${label}="${value}"` })}`}>
      {value === "" ? `(no ${label})` : value}
    </Link>
  );
}

const TARGETS: Column<ScrapeRow> = {
  key: "targets",
  title: "Targets",
  value: (row) => row.targets,
  text: (row) => amount(row.targets),
};

function figureColumns(totals: ScrapeFigures | null): Column<ScrapeRow>[] {
  const keptShare = (row: ScrapeRow) => shareOf(row.kept, totals?.kept ?? null);
  return [
    {
      key: "kept",
      title: "Samples a scrape",
      value: (row) => row.kept,
      text: (row) => {
        const share = keptShare(row);
        return `${amount(row.kept)}${share === null ? "" : ` (${formatShare(share)})`}`;
      },
      share: keptShare,
    },
    {
      key: "took",
      title: "Took",
      value: (row) => row.took,
      text: (row) => (row.took === null ? "–" : humanizeSeconds(row.took)),
    },
    { key: "added", title: "New series in 1 h", value: (row) => row.added, text: (row) => amount(row.added) },
  ];
}

function amount(value: number | null): string {
  return value === null ? "–" : formatValue(value);
}
