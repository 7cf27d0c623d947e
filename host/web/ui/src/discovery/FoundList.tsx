import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { LabelSet } from "../components/LabelSet";
import { useBounded } from "../components/useBounded";
import { DiscoveredLabels } from "./DiscoveredLabels";
import classes from "./FoundList.module.css";
import { RelabelSteps } from "./RelabelSteps";
import type { FoundTarget } from "./pools";

const TARGETS_AT_ONCE = 20;

/** The targets of one pool: labels as found beside labels as kept, and the rules between them on demand. */
export function FoundList({ pool, targets }: { pool: string; targets: readonly FoundTarget[] }) {
  const [shown, more] = useBounded(targets, TARGETS_AT_ONCE);
  // Lists change with every poll: an open target is known by its labels.
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <>
      <ul className={classes.list}>
        {shown.map((target, index) => {
          const key = JSON.stringify(target.discovered);
          return (
            <li key={`${key} ${index}`} className={classes.target}>
              <div>
                <div className={classes.heading}>As discovered</div>
                <DiscoveredLabels labels={target.discovered} />
              </div>
              <div>
                <div className={classes.heading}>After relabeling</div>
                {target.labels ? <LabelSet labels={target.labels} /> : <Text size="sm">dropped</Text>}
              </div>
              <Button
                variant="default"
                size="compact-xs"
                className={classes.button}
                aria-expanded={open.has(key)}
                onClick={() => toggle(key)}
              >
                {open.has(key) ? "Hide the rules" : "Rule by rule"}
              </Button>
              {open.has(key) && (
                <div className={classes.steps}>
                  <RelabelSteps pool={pool} discovered={target.discovered} labels={target.labels} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {more}
    </>
  );
}
