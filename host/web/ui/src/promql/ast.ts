/** The tree of an expression, as `/api/v1/parse_query` gives it. */

export type ValueType = "scalar" | "string" | "vector" | "matrix";

export interface MatcherNode {
  name: string;
  value: string;
  type: "=" | "!=" | "=~" | "!~";
}

/** A duration that is computed. `lhs` is null for what has one side; both are for `step()` and `range()`. */
export type LengthNode =
  | { type: "numberLiteral"; val: string; duration?: boolean }
  | { type: "durationExpr"; op: string; lhs: LengthNode | null; rhs: LengthNode | null; wrapped: boolean };

/** When something is looked at: lengths in milliseconds, or as trees where they are computed. */
interface TimeShift {
  offset: number;
  offsetExpr: LengthNode | null;
  /** Milliseconds since the epoch. */
  timestamp: number | null;
  startOrEnd: "start" | "end" | null;
}

interface Selection extends TimeShift {
  /** Empty where no name stands before the braces. */
  name: string;
  matchers: MatcherNode[];
  anchored: boolean;
  smoothed: boolean;
}

export interface VectorSelector extends Selection {
  type: "vectorSelector";
}

export interface MatrixSelector extends Selection {
  type: "matrixSelector";
  range: number;
  rangeExpr: LengthNode | null;
}

export interface Subquery extends TimeShift {
  type: "subquery";
  expr: ExprNode;
  range: number;
  rangeExpr: LengthNode | null;
  /** 0 is the default. */
  step: number;
  stepExpr: LengthNode | null;
}

export interface Aggregation {
  type: "aggregation";
  op: string;
  expr: ExprNode;
  param: ExprNode | null;
  grouping: string[];
  without: boolean;
}

/** How the series of two sides find each other. */
export interface Matching {
  card: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  labels: string[];
  on: boolean;
  include: string[];
  fillValues: { lhs: number | null; rhs: number | null };
}

export interface BinaryExpr {
  type: "binaryExpr";
  op: string;
  lhs: ExprNode;
  rhs: ExprNode;
  /** Null where a side is a scalar. */
  matching: Matching | null;
  bool: boolean;
}

export interface Call {
  type: "call";
  func: { name: string; returnType: ValueType };
  args: ExprNode[];
}

export type ExprNode =
  | { type: "numberLiteral"; val: string }
  | { type: "stringLiteral"; val: string }
  | { type: "parenExpr"; expr: ExprNode }
  | { type: "unaryExpr"; op: "+" | "-"; expr: ExprNode }
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregation
  | BinaryExpr
  | Call;

export function valueTypeOf(node: ExprNode): ValueType {
  switch (node.type) {
    case "numberLiteral":
      return "scalar";
    case "stringLiteral":
      return "string";
    case "vectorSelector":
    case "aggregation":
      return "vector";
    case "matrixSelector":
    case "subquery":
      return "matrix";
    case "parenExpr":
    case "unaryExpr":
      return valueTypeOf(node.expr);
    case "binaryExpr":
      return valueTypeOf(node.lhs) === "scalar" && valueTypeOf(node.rhs) === "scalar" ? "scalar" : "vector";
    case "call":
      return node.func.returnType;
  }
}

/** The expressions below a node, in the order of the text. */
export function childrenOf(node: ExprNode): ExprNode[] {
  switch (node.type) {
    case "numberLiteral":
    case "stringLiteral":
    case "vectorSelector":
    case "matrixSelector":
      return [];
    case "parenExpr":
    case "unaryExpr":
    case "subquery":
      return [node.expr];
    case "aggregation":
      return node.param ? [node.param, node.expr] : [node.expr];
    case "binaryExpr":
      return [node.lhs, node.rhs];
    case "call":
      return node.args;
  }
}

export function isLiteral(node: ExprNode): boolean {
  return node.type === "numberLiteral" || node.type === "stringLiteral";
}
