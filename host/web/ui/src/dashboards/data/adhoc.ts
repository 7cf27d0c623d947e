/** Adds matchers to every selector of an expression. */
import type { AdhocFilter } from "../model";
import { formatLabelName, quote } from "../../format/labels";

const OPERATORS = ["=", "!=", "=~", "!~"];

/** The parser is large and rarely needed: it comes when it is. */
export async function addFilters(expr: string, filters: readonly AdhocFilter[]): Promise<string> {
  const matchers = filters
    .filter((each) => OPERATORS.includes(each.operator))
    .map((each) => `${formatLabelName(each.key)}${each.operator}${quote(each.value)}`);
  if (matchers.length === 0) return expr;
  const { promQLLanguage, LanguageType } = await import("@prometheus-io/codemirror-promql");
  const tree = promQLLanguage(LanguageType.PromQL).parser.parse(expr);
  const inserts: { at: number; text: string }[] = [];
  tree.iterate({
    enter: (node) => {
      if (node.name !== "VectorSelector") return;
      const selector = expr.slice(node.from, node.to);
      const isOpen = selector.endsWith("}");
      const isEmpty = /\{\s*\}$/.test(selector);
      const hasComma = /,\s*\}$/.test(selector);
      const text = matchers.join(",");
      if (isOpen) inserts.push({ at: node.to - 1, text: isEmpty || hasComma ? text : `,${text}` });
      else inserts.push({ at: node.to, text: `{${text}}` });
    },
  });
  return inserts.reduceRight((whole, { at, text }) => whole.slice(0, at) + text + whole.slice(at), expr);
}
