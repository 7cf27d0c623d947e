/** The parts of an expression, each run by itself. */
import { ApiError, type Answer, type QueryData } from "../../api";
import { childrenOf, isLiteral, valueTypeOf, type ExprNode } from "../../promql/ast";
import { printExpr, printNode } from "../../promql/print";
import { summarizeLabels, type LabelSummary } from "../labelSummary";

/** More results of one part are not looked at. */
export const RESULTS_MAX = 10_000;
/** Parts that are run at once: a browser has few connections to one host. */
const PARALLEL_MAX = 3;
/** Of one label, the values that are told. */
const VALUES_SHOWN = 8;

export interface Part {
  /** The way to it from the root, stable for one expression. */
  id: string;
  node: ExprNode;
  /** The node alone; what is below it is left out. */
  title: string;
  /** What is run for it. */
  query: string;
  children: Part[];
}

/** What came of a part. */
export type Outcome =
  | { state: "waiting" | "running" }
  /** A part below it failed. */
  | { state: "blocked" }
  | { state: "failed"; error: ApiError }
  | { state: "done"; data: QueryData; isCut: boolean; summary: Summary; tookMs: number };

export interface Summary {
  results: number;
  labels: LabelSummary[];
}

/** Literals are no parts of their own: they stand in the title of the one above. */
export function partsOf(node: ExprNode, id = "0"): Part {
  const children = runnable(node).map((child, index) => partsOf(child, `${id}.${index}`));
  const title = printNode(node, (child) => (isLiteral(child) ? printExpr(child) : "…"));
  return { id, node, title, query: queryOf(node), children };
}

function runnable(node: ExprNode): ExprNode[] {
  // What `info` is told of labels is written as a selector, and is none.
  const children = node.type === "call" && node.func.name === "info" ? node.args.slice(0, 1) : childrenOf(node);
  return children.filter((child) => !isLiteral(child));
}

/** Of ranges the newest sample tells the series as well, for far less. */
function queryOf(node: ExprNode): string {
  if (valueTypeOf(node) !== "matrix") return printExpr(node);
  const plain = node.type === "matrixSelector" ? { ...node, anchored: false, smoothed: false } : node;
  return `last_over_time(${printExpr(plain)})`;
}

export type Ask = (query: string, signal: AbortSignal) => Promise<Answer<QueryData>>;

/** Runs all parts, those below first: a part whose inputs fail is not run. Ends when all are told, or at the signal. */
export async function runParts(
  root: Part,
  ask: Ask,
  tell: (id: string, outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<void> {
  const turn = turns(PARALLEL_MAX);
  const run = async (part: Part): Promise<boolean> => {
    const below = await Promise.all(part.children.map(run));
    if (signal.aborted) return false;
    if (below.includes(false)) {
      tell(part.id, { state: "blocked" });
      return false;
    }
    const outcome = await turn(() => {
      if (!signal.aborted) tell(part.id, { state: "running" });
      return outcomeOf(part.query, ask, signal);
    });
    if (signal.aborted) return false;
    tell(part.id, outcome);
    return outcome.state === "done";
  };
  await run(root);
}

async function outcomeOf(query: string, ask: Ask, signal: AbortSignal): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const { data } = await ask(query, signal);
    const cut = cutTo(data, RESULTS_MAX);
    return { state: "done", data: cut, isCut: cut !== data, summary: summaryOf(cut), tookMs: performance.now() - startedAt };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { state: "failed", error: error instanceof ApiError ? error : new ApiError("malformed", text) };
  }
}

/** Lets so many run at once, and the others wait. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

function cutTo(data: QueryData, most: number): QueryData {
  if (data.resultType === "vector" && data.result.length > most) return { ...data, result: data.result.slice(0, most) };
  if (data.resultType === "matrix" && data.result.length > most) return { ...data, result: data.result.slice(0, most) };
  return data;
}

/** How many results there are, and which labels tell them apart. */
export function summaryOf(data: QueryData): Summary {
  if (data.resultType === "scalar" || data.resultType === "string") return { results: 1, labels: [] };
  const sets = data.result.map((each) => each.metric);
  return { results: sets.length, labels: summarizeLabels(sets, VALUES_SHOWN) };
}

/** All parts below `root` and itself, in the order they are shown. */
export function flatten(root: Part): Part[] {
  return [root, ...root.children.flatMap(flatten)];
}
