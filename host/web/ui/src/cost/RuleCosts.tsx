import { SimpleGrid, Stack, Text } from "@mantine/core";
import type { RuleGroup } from "../api";
import { ExprLink } from "../components/ExprLink";
import { humanizeSeconds } from "../format/duration";
import { count, formatShare } from "../format/value";
import { Link, useSearchParam } from "../router";
import type { RequestState } from "../state/useRequest";
import { CostTable } from "./CostTable";
import type { Column } from "./costs";
import { groupCosts, ruleCosts, type GroupCost, type RuleCost } from "./rules";

type Timed = Pick<GroupCost, "took" | "share">;

const COLUMNS: readonly Column<Timed>[] = [
  {
    key: "share",
    title: "Of its interval",
    value: (row) => row.share,
    text: (row) => (row.share === null ? "–" : formatShare(row.share)),
    share: (row) => row.share,
    isLimit: true,
  },
  {
    key: "took",
    title: "Took",
    value: (row) => row.took,
    text: (row) => (row.took === null ? "–" : humanizeSeconds(row.took)),
  },
];

/** The groups and rules whose evaluation takes the longest. */
export function RuleCosts({ state }: { state: RequestState<{ groups: RuleGroup[] }> }) {
  const [groupSort, setGroupSort] = useSearchParam("groups");
  const [ruleSort, setRuleSort] = useSearchParam("rules");
  const groups = state.answer?.data.groups;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing={0} style={{ alignItems: "start" }}>
      <CostTable
        id="groups"
        title="Rule groups"
        advice={
          <>
            The rules of a group are evaluated one after another. A group that takes all of its <code>interval</code> misses
            evaluations: split it, let it run less often, or make its dearest rule cheaper.
          </>
        }
        state={state}
        rows={groups ? groupCosts(groups) : null}
        rowKey={(row: GroupCost) => `${row.file}\n${row.group}`}
        nameTitle="Group"
        name={(row) => (
          <>
            <RulesLink text={row.group} />
            <Text size="xs" c="dimmed">
              {row.file}, {count(row.rules, "rule", "rules")} every {humanizeSeconds(row.interval)}
            </Text>
          </>
        )}
        columns={COLUMNS}
        sort={groupSort}
        onSort={setGroupSort}
        none="There are no rules."
      />
      <CostTable
        id="rules"
        title="Rules"
        advice="Single rules, by their last evaluation. A rule over long ranges or many series is cheaper over what another rule has recorded."
        state={state}
        rows={groups ? ruleCosts(groups) : null}
        rowKey={(row: RuleCost) => `${row.file}\n${row.group}\n${row.index}`}
        nameTitle="Rule"
        name={(row) => (
          <Stack gap={4} align="flex-start">
            <span>
              <RulesLink text={row.name} />{" "}
              <Text span size="xs" c="dimmed">
                of {row.group}
              </Text>
            </span>
            <ExprLink expr={row.query} />
          </Stack>
        )}
        columns={COLUMNS}
        sort={ruleSort}
        onSort={setRuleSort}
        none="There are no rules."
      />
    </SimpleGrid>
  );
}

function RulesLink({ text }: { text: string }) {
  return (
    <Link page="rules" search={`?${new URLSearchParams({ search: text })}`}>
      {text}
    </Link>
  );
}
