/** What a part of an expression does, in words. Pure. */
import { formatDuration } from "../../format/duration";
import { formatLabelName, listed, quote } from "../../format/labels";
import { formatTime, type Zone } from "../../format/time";
import { isLiteral, type Aggregation, type BinaryExpr, type ExprNode, type MatcherNode, type MatrixSelector, type Subquery, type VectorSelector } from "../../promql/ast";
import { length, printExpr } from "../../promql/print";
import { isComparison } from "./matching";

export function titleOf(node: ExprNode): string {
  switch (node.type) {
    case "numberLiteral":
      return "Number";
    case "stringLiteral":
      return "Text";
    case "vectorSelector":
      return "Selector";
    case "matrixSelector":
      return "Range selector";
    case "subquery":
      return "Subquery";
    case "parenExpr":
      return "Parentheses";
    case "unaryExpr":
      return "Sign";
    case "aggregation":
      return `Aggregation ${node.op}`;
    case "binaryExpr":
      return `Operator ${node.op}`;
    case "call":
      return `Function ${node.func.name}`;
  }
}

/** Null for functions, which have words of their own. */
export function describe(node: ExprNode, zone: Zone): string | null {
  switch (node.type) {
    case "numberLiteral":
      return `The number ${node.val}.`;
    case "stringLiteral":
      return `The text ${quote(node.val)}.`;
    case "vectorSelector":
      return `The ${node.smoothed ? "value, computed between samples," : "newest sample"} of each series, ${placed(node, zone)}. A series without a sample in the lookback before it has no result.`;
    case "matrixSelector":
      return `All samples of the ${rangeText(node)} before a moment, of each series; the moment is ${placed(node, zone)}.${modeText(node)}`;
    case "subquery":
      return `The expression at every step${stepText(node)} of the ${rangeText(node)} before a moment; the moment is ${placed(node, zone)}.`;
    case "parenExpr":
      return "What is in parentheses is computed first.";
    case "unaryExpr":
      return node.op === "-" ? "Changes the sign of every value." : "Changes nothing.";
    case "aggregation":
      return aggregationText(node);
    case "binaryExpr":
      return binaryText(node);
    case "call":
      return null;
  }
}

/** Which series a selector takes, one line a matcher. */
export function matcherTexts({ matchers }: VectorSelector | MatrixSelector): string[] {
  return matchers.map(({ name, value, type }) => {
    const subject = name === "__name__" ? "The name of the metric" : `The label ${formatLabelName(name)}`;
    return `${subject} ${MATCHES[type]} ${quote(value)}${value === "" ? ": it is not there, or empty" : ""}.`;
  });
}

const MATCHES: Record<MatcherNode["type"], string> = {
  "=": "is",
  "!=": "is not",
  "=~": "matches, as a whole,",
  "!~": "does not match, as a whole,",
};

/** When a selector looks: "as of the time of evaluation", shifted or fixed. */
function placed(node: VectorSelector | MatrixSelector | Subquery, zone: Zone): string {
  const base =
    node.timestamp !== null
      ? formatTime(node.timestamp, zone)
      : node.startOrEnd !== null
        ? `the ${node.startOrEnd} of the graph`
        : "the time of evaluation";
  if (node.offsetExpr !== null) return `${length(0, node.offsetExpr)} before ${base}`;
  if (node.offset === 0) return `as of ${base}`;
  return `${formatDuration(Math.abs(node.offset))} ${node.offset > 0 ? "before" : "after"} ${base}`;
}

function rangeText({ range, rangeExpr }: MatrixSelector | Subquery): string {
  return length(range, rangeExpr);
}

function stepText({ step, stepExpr }: Subquery): string {
  return step === 0 && stepExpr === null ? " (the evaluation interval)" : ` of ${length(step, stepExpr)}`;
}

function modeText({ anchored, smoothed }: MatrixSelector): string {
  if (anchored) return " The range begins with the sample before it, and ends with the last in it.";
  return smoothed ? " At both ends a value is computed between the samples beside them." : "";
}

const AGGREGATIONS: Readonly<Record<string, string>> = {
  sum: "Adds up the values",
  avg: "Averages the values",
  min: "Takes the smallest value",
  max: "Takes the largest value",
  count: "Counts the series",
  group: "Gives 1 where there is any series",
  stddev: "Computes the standard deviation of the values",
  stdvar: "Computes the variance of the values",
  topk: "Keeps the N series with the largest values",
  bottomk: "Keeps the N series with the smallest values",
  limitk: "Keeps N series, whichever",
  limit_ratio: "Keeps a share N of the series, the same at every time",
  quantile: "Computes the N-quantile of the values",
  count_values: "Counts how many series have each value, which becomes the label N,",
};

function aggregationText(node: Aggregation): string {
  const param = node.param && (isLiteral(node.param) ? printExpr(node.param) : null);
  const verb = (AGGREGATIONS[node.op] ?? `Computes ${node.op}`).replace(/\bN\b/, param ?? "N");
  const names = node.grouping.map(formatLabelName);
  if (node.without) return `${verb} of those series that are alike in all labels${names.length > 0 ? ` but ${listed(names)}` : ""}.`;
  return `${verb} of ${names.length > 0 ? `those series that are alike in ${listed(names)}` : "all series together"}.`;
}

const OPERATIONS: Readonly<Record<string, string>> = {
  "+": "Adds the right value to the left",
  "-": "Takes the right value from the left",
  "*": "Multiplies both values",
  "/": "Divides the left value by the right",
  "%": "Computes what is left of the left value after division by the right",
  "^": "Raises the left value to the power of the right",
  atan2: "Computes the angle of the right value and the left, in radians",
  and: "Keeps series of the left that have a partner on the right",
  or: "Takes all series of the left, and those of the right that have no partner there",
  unless: "Keeps series of the left that have no partner on the right",
  "</": "Cuts histograms of the left to what is below the right value",
  ">/": "Cuts histograms of the left to what is above the right value",
};

function binaryText(node: BinaryExpr): string {
  const { op, bool, matching } = node;
  const operation = OPERATIONS[op] ?? `Computes ${op}`;
  const what = !isComparison(op)
    ? operation
    : bool
      ? `Gives 1 where the left value ${op} the right, else 0`
      : `Keeps series where the left value ${op} the right`;
  if (!matching) return `${what}. One side is a single number.`;
  const names = matching.labels.map(formatLabelName);
  const alike = matching.on
    ? names.length > 0
      ? `alike in ${listed(names)}`
      : "all partners of each other"
    : `alike in all labels${names.length > 0 ? ` but ${listed(names)}` : ""}`;
  return [`${what}. Partners are ${alike}.`, ...sidesText(node)].join(" ");
}

function sidesText({ matching }: BinaryExpr): string[] {
  if (!matching) return [];
  const { card, include, fillValues } = matching;
  const texts: string[] = [];
  if (card === "one-to-one") texts.push("Each has one partner at most.");
  if (card === "many-to-one") texts.push("Many on the left may have the same partner on the right.");
  if (card === "one-to-many") texts.push("Many on the right may have the same partner on the left.");
  if (include.length > 0) texts.push(`Results take ${listed(include.map(formatLabelName))} from the side with one.`);
  if (fillValues.rhs !== null) texts.push(`A missing right is taken for ${fillValues.rhs}.`);
  if (fillValues.lhs !== null) texts.push(`A missing left is taken for ${fillValues.lhs}.`);
  return texts;
}
