import { Badge, Group, Text } from "@mantine/core";
import type { RouteNode } from "../alertingApi";
import { LabelSet } from "../components/LabelSet";
import { StateBadge } from "../components/StateBadge";
import { useBounded } from "../components/useBounded";
import { count } from "../format/value";
import { KINDS, writeKinds } from "../groups/groupFilter";
import { MatcherTexts } from "../matchers/MatcherSet";
import { Link } from "../router";
import { describeGroupBy, ownFields, takes, type Stance, type Inherited, type Verdict } from "./verdicts";
import classes from "./RouteTree.module.css";

const COLORS: Record<Stance, string> = { notifies: "green", "passes on": "blue", no: "gray", "not asked": "gray" };

/** Of the routes below one. */
const ROUTES_AT_ONCE = 50;

interface Props {
  route: RouteNode;
  parent: RouteNode | null;
  /** What routes say of labels that are tried; null when none are. */
  verdicts: ReadonlyMap<string, Verdict> | null;
  /** Leaves out routes that do not take the labels that are tried. */
  onlyTaking: boolean;
}

/** A route and those below it. What it takes from the one above is dimmed. */
export function RouteTree({ route, parent, verdicts, onlyTaking }: Props) {
  const below = route.routes.filter((each) => {
    const verdict = verdicts?.get(each.id);
    return !onlyTaking || verdict === undefined || takes(verdict);
  });
  const [shown, more] = useBounded(below, ROUTES_AT_ONCE);
  const hidden = route.routes.length - below.length;
  const verdict = verdicts?.get(route.id);
  return (
    <li className={classes.node}>
      <div className={classes.route} data-stance={verdict?.stance}>
        <Group gap="xs">
          {verdict && <StateBadge state={verdict.stance} color={COLORS[verdict.stance]} />}
          {route.matchers.length > 0 ? (
            <MatcherTexts texts={route.matchers} />
          ) : (
            <Text span size="sm" c="dimmed">
              all alerts
            </Text>
          )}
          <Text span size="sm">
            <span aria-hidden="true">→ </span>
            <span className="nx-hidden">to </span>
            <b>{route.receiver}</b>
          </Text>
          {route.continue && (
            <Badge variant="outline" color="gray" size="sm" radius="sm" tt="none" title="The routes after it are asked too">
              continue
            </Badge>
          )}
          {route.groups > 0 && <Groups route={route} />}
        </Group>
        {verdict && (
          <Text size="sm" className={classes.why}>
            {verdict.why}
          </Text>
        )}
        <Terms route={route} parent={parent} />
      </div>
      {route.routes.length > 0 && (
        <details open className={classes.below}>
          <summary className={classes.summary}>
            {count(route.routes.length, "route", "routes")} below{hidden > 0 && `, ${hidden} not shown`}
          </summary>
          <ul className={classes.list}>
            {shown.map((each) => (
              <RouteTree key={each.id} route={each} parent={route} verdicts={verdicts} onlyTaking={onlyTaking} />
            ))}
          </ul>
          {more}
        </details>
      )}
    </li>
  );
}

function Groups({ route }: { route: RouteNode }) {
  const search = new URLSearchParams({ route: route.id, show: writeKinds(KINDS) });
  return (
    <Text span size="sm">
      <Link page="groups" search={`?${search}`} title={`The groups of this route, for ${route.receiver}`}>
        {count(route.groups, "group", "groups")}, {count(route.alerts, "alert", "alerts")}
      </Link>
    </Text>
  );
}

function Terms({ route, parent }: { route: RouteNode; parent: RouteNode | null }) {
  const own = ownFields(route, parent);
  const term = (field: Inherited, text: string) => (
    <span className={classes.term} data-own={own.has(field)} title={own.has(field) ? undefined : "As the route above"}>
      {text}
    </span>
  );
  return (
    <div className={classes.terms}>
      {term("groupBy", describeGroupBy(route.groupBy))}
      {term("groupWait", `waits ${route.groupWait}`)}
      {term("groupInterval", `tells what is new every ${route.groupInterval}`)}
      {term("repeatInterval", `repeats after ${route.repeatInterval}`)}
      {route.muteTimeIntervals.length > 0 && (
        <span className={classes.term} data-own="true">
          muted in {route.muteTimeIntervals.join(", ")}
        </span>
      )}
      {route.activeTimeIntervals.length > 0 && (
        <span className={classes.term} data-own="true">
          only in {route.activeTimeIntervals.join(", ")}
        </span>
      )}
      {Object.keys(route.labels).length > 0 && <LabelSet labels={route.labels} />}
    </div>
  );
}
