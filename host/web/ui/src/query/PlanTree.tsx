import { Tree, useTree, type RenderTreeNodePayload, type TreeNodeData } from "@mantine/core";
import { useMemo, useState, type SyntheticEvent } from "react";
import { ChevronRight } from "../components/icons";
import { humanizeSeconds } from "../format/duration";
import { count, formatBytes, formatValue } from "../format/value";
import type { Explanation } from "../queryApi";
import classes from "./PlanTree.module.css";
import { planItems, toPlanTree, type PlanItem } from "./planItems";

/** The operators of a plan, with the part of the query that the one under the pointer or focus comes from. */
export function PlanTree({ explanation }: { explanation: Explanation }) {
  const root = useMemo(() => toPlanTree(explanation), [explanation]);
  const [pointed, setPointed] = useState<string | null>(null);
  const items = useMemo(() => planItems(root), [root]);
  const item = pointed === null ? undefined : items.get(pointed);
  // Items bubble: the innermost is the one that is meant.
  const point = (event: SyntheticEvent<HTMLElement>) => {
    const found = event.target instanceof Element ? event.target.closest("[data-value]") : null;
    setPointed(found?.getAttribute("data-value") ?? null);
  };
  return (
    <div onMouseOver={point} onMouseLeave={() => setPointed(null)} onFocus={point} onBlur={() => setPointed(null)}>
      <QueryText text={explanation.query} item={item} />
      <div className={classes.head} aria-hidden="true">
        <span>Operator</span>
        <span>Rows</span>
        <span>Samples</span>
        <span>Bytes</span>
        <span>Own time</span>
      </div>
      {/* A plan of another shape is another tree. */}
      <Items key={[...items.keys()].join()} root={root} items={items} />
    </div>
  );
}

function QueryText({ text, item }: { text: string; item: PlanItem | undefined }) {
  return (
    <pre className={classes.query} aria-label="The query">
      {item ? (
        <>
          {text.slice(0, item.from)}
          <mark className={classes.mark}>{text.slice(item.from, item.to)}</mark>
          {text.slice(item.to)}
        </>
      ) : (
        text
      )}
    </pre>
  );
}

function Items({ root, items }: { root: PlanItem; items: Map<string, PlanItem> }) {
  const tree = useTree({ initialExpandedState: Object.fromEntries([...items.keys()].map((id) => [id, true])) });
  const data = useMemo(() => [toTreeNode(root)], [root]);
  const renderNode = ({ node, expanded, hasChildren, elementProps }: RenderTreeNodePayload) => {
    const item = items.get(node.value);
    return (
      item && (
        <div {...elementProps} className={`${elementProps.className} ${classes.item}`}>
          <Operator item={item} isExpanded={hasChildren ? expanded : null} />
          <Figures item={item} />
        </div>
      )
    );
  };
  return (
    <Tree
      tree={tree}
      data={data}
      levelOffset="var(--plan-indent)"
      className={classes.tree ?? ""}
      aria-label="Plan of the query"
      renderNode={renderNode}
    />
  );
}

function toTreeNode(item: PlanItem): TreeNodeData {
  const node = { value: item.id, label: item.operator };
  return item.inputs.length === 0 ? node : { ...node, children: item.inputs.map(toTreeNode) };
}

/** `isExpanded` is null where there is nothing below. */
function Operator({ item, isExpanded }: { item: PlanItem; isExpanded: boolean | null }) {
  return (
    <span className={classes.operator}>
      <span className={classes.chevron} data-expanded={isExpanded ?? undefined}>
        {isExpanded !== null && <ChevronRight />}
      </span>
      <span className={classes.words}>
        <b>{item.operator}</b> {item.detail}
        {item.steps > 1 && <span className={classes.dim}> at {count(item.steps, "step", "steps")}</span>}
        <code className={classes.part}>{item.text}</code>
      </span>
    </span>
  );
}

function Figures({ item }: { item: PlanItem }) {
  const { estimate, actual } = item;
  const rows = `≤ ${formatValue(estimate.rows)}`;
  const samples = `≤ ${formatValue(estimate.samples)}`;
  // Most operators pass rows on, and hold nothing.
  const held = estimate.heldBytes === 0 ? undefined : `holds ≈ ${formatBytes(estimate.heldBytes)}`;
  if (!actual) {
    return (
      <>
        <Figure name="Rows" value={rows} />
        <Figure name="Samples" value={samples} />
        <Figure name="Bytes" value={held ?? "–"} />
        <Figure name="Own time" value="–" />
      </>
    );
  }
  const percent = ((item.share ?? 0) * 100).toFixed(0);
  return (
    <>
      <Figure name="Rows" value={formatValue(actual.rows)} estimate={rows} />
      <Figure name="Samples" value={formatValue(actual.samples)} estimate={samples} />
      <Figure name="Bytes" value={`${formatBytes(actual.bytes)} in rows`} estimate={held} />
      <span className={classes.figure}>
        <span className={classes.name}>Own time </span>
        {humanizeSeconds(item.ownSeconds ?? 0)} <span className={classes.dim}>{percent}&nbsp;%</span>
        <span className={classes.track} aria-hidden="true">
          <span className={classes.bar} style={{ width: `${percent}%` }} />
        </span>
      </span>
    </>
  );
}

/** One number of an operator: measured above expected, or expected alone. */
function Figure({ name, value, estimate }: { name: string; value: string; estimate?: string | undefined }) {
  return (
    <span className={classes.figure}>
      <span className={classes.name}>{name} </span>
      {value}
      {estimate !== undefined && <span className={classes.estimate}> {estimate}</span>}
    </span>
  );
}
