import { createElement, useMemo, type ReactNode } from "react";
import { text, type Json } from "../json";
import type { ResolvedLink } from "../links/address";
import { LinkTo } from "../links/LinkTo";
import { useLinks } from "../links/useLinks";
import { parseHtml, parseMarkdown, type TextNode } from "../markdown";
import { interpolateText, type Scope } from "../variables/scope";
import classes from "./TextPanel.module.css";

/** Words of whoever made the dashboard. */
export function TextPanel({ title, options, scope }: { title: string; options: Json; scope: Scope }) {
  const source = interpolateText(text(options["content"]), scope);
  const mode = text(options["mode"], "markdown");
  const links = useLinks();
  const resolve = (url: string) => links([{ title: "", url, opensTab: true }])[0];
  const nodes = useMemo(() => (mode === "html" ? parseHtml(source) : parseMarkdown(source)), [source, mode]);
  return (
    <div className={classes.text} tabIndex={0} role="region" aria-label={`Text of ${title || "this panel"}`}>
      {mode === "code" ? <pre>{source}</pre> : nodes.map((node, key) => toReact(node, key, resolve))}
    </div>
  );
}

type Resolve = (url: string) => ResolvedLink | undefined;

function toReact(node: TextNode, key: number, resolve: Resolve): ReactNode {
  if (typeof node === "string") return node;
  const children = node.children.map((child, index) => toReact(child, index, resolve));
  const link = node.tag === "a" ? resolve(node.href ?? "") : undefined;
  if (!link) return createElement(node.tag === "a" ? "span" : node.tag, { key }, ...children);
  return (
    <LinkTo key={key} link={link}>
      {children}
    </LinkTo>
  );
}
