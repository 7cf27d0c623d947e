/** PromQL for CodeMirror: highlighting, completion by search, and lint. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { searchingCompletion } from "./completion";

const highlightStyle = HighlightStyle.define([
  { tag: [tags.function(tags.variableName), tags.operatorKeyword], color: "var(--nx-promql-function)" },
  { tag: [tags.keyword, tags.modifier], color: "var(--nx-promql-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--nx-promql-string)" },
  { tag: [tags.number, tags.definition(tags.number)], color: "var(--nx-promql-number)" },
  { tag: tags.labelName, color: "var(--nx-promql-label)" },
  { tag: tags.comment, color: "var(--nx-promql-comment)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--mantine-color-error)" },
]);

let language: Extension | null = null;

/** Shared by all panels. */
export function promqlLanguage(): Extension {
  language ??= [
    new PromQLExtension().setComplete({ completeStrategy: searchingCompletion }).asExtension(),
    syntaxHighlighting(highlightStyle),
  ];
  return language;
}
