import { useCallback, useMemo } from "react";
import { getBareRules, getPlugins, queryInstant } from "../api";
import { PageTitle } from "../components/PageTitle";
import { RequestNotice } from "../components/RequestNotice";
import { RelativeTime } from "../components/Time";
import { digestsOf } from "../cost/digests";
import { PluginCosts } from "../cost/PluginCosts";
import { QueryCosts } from "../cost/QueryCosts";
import { RuleCosts } from "../cost/RuleCosts";
import { ScrapeCosts } from "../cost/ScrapeCosts";
import { isOwnQuery, jobsQuery, JOB_FIGURES, scrapeRows, targetsQuery, TARGET_FIGURES, TOTALS_QUERY } from "../cost/scrapes";
import { SeriesCosts } from "../cost/SeriesCosts";
import { Summary } from "../cost/Summary";
import { usageOf } from "../cost/usage";
import { useSearchParam } from "../router";
import { useRequest } from "../state/useRequest";
import { getTopQueries, getTsdbStatus } from "../statusApi";

/** Some figures go through all series: they are not asked for often. */
const INTERVAL_MS = 30_000;
const POLLING = { intervalMs: INTERVAL_MS };
/** Metrics and labels that are asked for. */
const STORE_ROWS = 20;

const loadStatus = (signal: AbortSignal) => getTsdbStatus(STORE_ROWS, signal);

/** What costs the most, of every kind, so that it is seen what to cut. */
export default function CostPage() {
  const [jobSort] = useSearchParam("jobs");
  const [targetSort] = useSearchParam("targets");
  const status = useRequest(loadStatus, POLLING);
  const totals = useInstant(TOTALS_QUERY);
  const jobs = useInstant(jobsQuery(JOB_FIGURES.find((figure) => figure === jobSort) ?? "kept"));
  const targets = useInstant(targetsQuery(TARGET_FIGURES.find((figure) => figure === targetSort) ?? "kept"));
  const rules = useRequest(getBareRules, POLLING);
  const queries = useRequest(getTopQueries, POLLING);
  const plugins = useRequest(getPlugins, POLLING);
  const groups = rules.answer?.data.groups ?? null;
  const asked = queries.answer?.data ?? null;
  const totalFigures = totals.answer ? (scrapeRows(totals.answer.data)[0] ?? null) : null;
  const usage = useMemo(() => {
    if (!groups || !asked) return null;
    const ruleTexts = groups.flatMap((group) => group.rules.map((rule) => rule.query));
    const queryTexts = asked.queries.map((each) => each.query).filter((text) => !isOwnQuery(text));
    return usageOf(ruleTexts, queryTexts);
  }, [groups, asked]);
  const away = [status, totals, jobs, targets, rules, queries, plugins].find((state) => state.error?.isTransient);

  return (
    <>
      <PageTitle title="Cost">
        {status.answeredAt !== null && (
          <>
            as of <RelativeTime at={status.answeredAt} />
          </>
        )}
      </PageTitle>
      {away && <RequestNotice state={away} />}
      <Summary
        digests={digestsOf({
          status: status.answer?.data ?? null,
          totals: totalFigures,
          jobs: jobs.answer ? scrapeRows(jobs.answer.data) : null,
          groups,
          queries: asked,
          plugins: plugins.answer?.data.plugins ?? null,
        })}
      />
      <SeriesCosts state={status} usage={usage} />
      <ScrapeCosts jobs={jobs} targets={targets} totals={totalFigures} />
      <RuleCosts state={rules} />
      <QueryCosts state={queries} />
      <PluginCosts state={plugins} />
    </>
  );
}

function useInstant(query: string) {
  const load = useCallback((signal: AbortSignal) => queryInstant({ query, time: Date.now() / 1000 }, signal), [query]);
  return useRequest(load, POLLING);
}
