/** The tree of an expression as text. What is printed reads back as the same tree. Pure. */
import { formatDuration } from "../format/duration";
import { formatLabelName, formatSeries, quote } from "../format/labels";
import type { Aggregation, BinaryExpr, ExprNode, LengthNode, MatrixSelector, Subquery, VectorSelector } from "./ast";

export function printExpr(node: ExprNode): string {
  return printNode(node, printExpr);
}

/** One node, with whatever `printChild` makes of the expressions below it. */
export function printNode(node: ExprNode, printChild: (child: ExprNode) => string): string {
  switch (node.type) {
    case "numberLiteral":
      return node.val;
    case "stringLiteral":
      return quote(node.val);
    case "vectorSelector":
      return selector(node) + extension(node) + shift(node);
    case "matrixSelector":
      return `${selector(node)}[${length(node.range, node.rangeExpr)}]${extension(node)}${shift(node)}`;
    case "subquery":
      return `${printChild(node.expr)}[${length(node.range, node.rangeExpr)}:${subqueryStep(node)}]${shift(node)}`;
    case "parenExpr":
      return `(${printChild(node.expr)})`;
    case "unaryExpr":
      return `${node.op}${printChild(node.expr)}`;
    case "aggregation":
      return aggregation(node, printChild);
    case "binaryExpr":
      return `${printChild(node.lhs)} ${operatorText(node)} ${printChild(node.rhs)}`;
    case "call":
      return `${node.func.name}(${node.args.map(printChild).join(", ")})`;
  }
}

/** An operator with its modifiers: `/ on (job) group_left ()`. */
export function operatorText({ op, bool, matching }: BinaryExpr): string {
  const words = [bool ? `${op} bool` : op];
  if (!matching) return words.join(" ");
  if (matching.on || matching.labels.length > 0) words.push(`${matching.on ? "on" : "ignoring"} ${names(matching.labels)}`);
  if (matching.card === "many-to-one") words.push(`group_left ${names(matching.include)}`);
  if (matching.card === "one-to-many") words.push(`group_right ${names(matching.include)}`);
  const { lhs, rhs } = matching.fillValues;
  if (lhs !== null && lhs === rhs) words.push(`fill (${lhs})`);
  else {
    if (lhs !== null) words.push(`fill_left (${lhs})`);
    if (rhs !== null) words.push(`fill_right (${rhs})`);
  }
  return words.join(" ");
}

function names(labels: readonly string[]): string {
  return `(${labels.map(formatLabelName).join(", ")})`;
}

function selector({ name, matchers }: VectorSelector | MatrixSelector): string {
  const naming = matchers.find((matcher) => matcher.name === "__name__" && matcher.type === "=" && (name === "" || matcher.value === name));
  const written = naming ? formatSeries({ __name__: naming.value }) : name;
  // A name that needs quotes stands in the braces; one that does not stood there only as a label.
  const isQuoted = written.startsWith("{");
  const texts = matchers
    .filter((matcher) => matcher !== naming || (name === "" && !isQuoted))
    .map((matcher) => `${formatLabelName(matcher.name)}${matcher.type}${quote(matcher.value)}`);
  if (naming && isQuoted) return `{${[quote(naming.value), ...texts].join(", ")}}`;
  return texts.length === 0 ? name : `${name}{${texts.join(", ")}}`;
}

function extension({ anchored, smoothed }: VectorSelector | MatrixSelector): string {
  return anchored ? " anchored" : smoothed ? " smoothed" : "";
}

function shift(node: VectorSelector | MatrixSelector | Subquery): string {
  let text = "";
  if (node.timestamp !== null) text += ` @ ${(node.timestamp / 1000).toFixed(3)}`;
  if (node.startOrEnd !== null) text += ` @ ${node.startOrEnd}()`;
  if (node.offsetExpr !== null || node.offset !== 0) text += ` offset ${length(node.offset, node.offsetExpr)}`;
  return text;
}

function subqueryStep({ step, stepExpr }: Subquery): string {
  return stepExpr === null && step === 0 ? "" : length(step, stepExpr);
}

/** A duration in milliseconds, or the tree that computes it. */
export function length(ms: number, expr: LengthNode | null): string {
  return expr === null ? formatDuration(ms) : lengthExpr(expr);
}

function lengthExpr(node: LengthNode): string {
  if (node.type === "numberLiteral") return node.duration === true ? formatDuration(Number(node.val) * 1000) : node.val;
  const { op, lhs, rhs } = node;
  const sides = [lhs, rhs].flatMap((side) => (side === null ? [] : [lengthExpr(side)]));
  return node.wrapped ? `(${lengthOf(op, sides)})` : lengthOf(op, sides);
}

function lengthOf(op: string, sides: string[]): string {
  if (/^[a-z]/.test(op)) return `${op}(${sides.join(", ")})`;
  return sides.length === 1 ? `${op}${sides[0]}` : sides.join(` ${op} `);
}

function aggregation(node: Aggregation, printChild: (child: ExprNode) => string): string {
  const grouping = node.without ? ` without ${names(node.grouping)}` : node.grouping.length > 0 ? ` by ${names(node.grouping)}` : "";
  const args = node.param ? `${printChild(node.param)}, ${printChild(node.expr)}` : printChild(node.expr);
  return `${node.op}${grouping === "" ? "" : `${grouping} `}(${args})`;
}
