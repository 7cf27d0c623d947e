/** PromQL for CodeMirror: highlighting, completion from our own API, and lint. One client for all editors. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { hostUrl } from "../api";

const METRICS_DESCRIBED_MAX = 10_000;
const CACHE_MS = 5 * 60_000;
const NAMES_TIMEOUT_MS = 15_000;

const highlightStyle = HighlightStyle.define([
  { tag: [tags.function(tags.variableName), tags.operatorKeyword], color: "var(--nx-promql-function)" },
  { tag: [tags.keyword, tags.modifier], color: "var(--nx-promql-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--nx-promql-string)" },
  { tag: [tags.number, tags.definition(tags.number)], color: "var(--nx-promql-number)" },
  { tag: tags.labelName, color: "var(--nx-promql-label)" },
  { tag: tags.comment, color: "var(--nx-promql-comment)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--mantine-color-error)" },
]);

function boundedSignal(signal: AbortSignal | null | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(NAMES_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

let language: Extension | null = null;

/** Shared by all panels, so that the names of metrics are fetched once. */
export function promqlLanguage(): Extension {
  language ??= [
    new PromQLExtension()
      .setComplete({
        maxMetricsMetadata: METRICS_DESCRIBED_MAX,
        remote: {
          url: hostUrl("").replace(/\/$/, ""),
          httpMethod: "GET",
          cache: { maxAge: CACHE_MS },
          fetchFn: (input, init) => fetch(input, { ...init, signal: boundedSignal(init?.signal) }),
          // Completion is a convenience: without the host there are simply no names to offer.
          httpErrorHandler: () => undefined,
        },
      })
      .asExtension(),
    syntaxHighlighting(highlightStyle),
  ];
  return language;
}
