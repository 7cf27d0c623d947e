/** The plan of a query as its tree shows it. Pure. */
import type { Explanation, PlanActual, PlanEstimate, PlanNode } from "../queryApi";

export interface PlanItem {
  /** Where it stands in the tree: "0", "0.1", ... The same for every plan of one shape. */
  id: string;
  operator: string;
  detail: string;
  steps: number;
  estimate: PlanEstimate;
  actual: PlanActual | null;
  /** The time that the operator itself took, without what it is computed of; null before it was run. */
  ownSeconds: number | null;
  /** Its own time as a part of the whole, from 0 to 1; null before it was run. */
  share: number | null;
  /** The part of the query, in UTF-16 units. */
  from: number;
  to: number;
  text: string;
  inputs: PlanItem[];
}

export function toPlanTree({ plan, query }: Explanation): PlanItem {
  const whole = sumOwn(plan);
  const offsets = utf16Offsets(query);
  const item = (node: PlanNode, id: string): PlanItem => {
    const ownSeconds = own(node);
    return {
      id,
      operator: node.operator,
      detail: node.detail,
      steps: node.steps,
      estimate: node.estimate,
      actual: node.actual ?? null,
      ownSeconds,
      share: ownSeconds === null ? null : whole > 0 ? ownSeconds / whole : 0,
      from: offsets(node.position.start),
      to: offsets(node.position.end),
      text: node.query,
      inputs: node.inputs.map((input, index) => item(input, `${id}.${index}`)),
    };
  };
  return item(plan, "0");
}

/** All items of a tree by id, parents before what they are computed of. */
export function planItems(root: PlanItem): Map<string, PlanItem> {
  const items = new Map<string, PlanItem>();
  const add = (item: PlanItem) => {
    items.set(item.id, item);
    item.inputs.forEach(add);
  };
  add(root);
  return items;
}

/** Whether the query looks series up and finds none, which is seldom meant. */
export function selectsNothing({ estimate, plan }: Explanation): boolean {
  return estimate.series === 0 && readsSeries(plan);
}

function readsSeries(node: PlanNode): boolean {
  if (node.operator === "Select" || node.operator === "Window") return true;
  return node.inputs.some(readsSeries);
}

/** Clocks are read around each row, so that inputs may seem to take a little more than the whole. */
function own(node: PlanNode): number | null {
  if (!node.actual) return null;
  const below = node.inputs.reduce((sum, input) => sum + (input.actual?.seconds ?? 0), 0);
  return Math.max(0, node.actual.seconds - below);
}

function sumOwn(node: PlanNode): number {
  return node.inputs.reduce((sum, input) => sum + sumOwn(input), own(node) ?? 0);
}

/** From offsets in bytes of UTF-8, as the host counts, to UTF-16 units, as strings here do. */
function utf16Offsets(text: string): (bytes: number) => number {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  return (offset) => decoder.decode(bytes.subarray(0, offset)).length;
}
