import { createElement, useMemo, type ReactNode } from "react";
import { text, type Json } from "../json";
import { parseHtml, parseMarkdown, type TextNode } from "../markdown";
import { interpolateText, type Scope } from "../variables/scope";
import classes from "./TextPanel.module.css";

/** Words of whoever made the dashboard. */
export function TextPanel({ title, options, scope }: { title: string; options: Json; scope: Scope }) {
  const source = interpolateText(text(options["content"]), scope);
  const mode = text(options["mode"], "markdown");
  const nodes = useMemo(() => (mode === "html" ? parseHtml(source) : parseMarkdown(source)), [source, mode]);
  return (
    <div className={classes.text} tabIndex={0} role="region" aria-label={`Text of ${title || "this panel"}`}>
      {mode === "code" ? <pre>{source}</pre> : nodes.map(toReact)}
    </div>
  );
}

function toReact(node: TextNode, key: number): ReactNode {
  if (typeof node === "string") return node;
  const isLink = node.tag === "a";
  const props = isLink ? { href: node.href, target: "_blank", rel: "noreferrer" } : {};
  return createElement(node.tag, { key, ...props }, ...node.children.map(toReact));
}
