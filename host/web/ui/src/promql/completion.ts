/**
 * Completion of PromQL, with names and values that are searched for as they are typed: a store of a million names is
 * never read for the few that are offered. What may stand where is known by Prometheus' own completion.
 */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { newCompleteStrategy, type CompleteStrategy, type PrometheusClient } from "@prometheus-io/codemirror-promql";
import type { MetricMetadata } from "@prometheus-io/codemirror-promql/dist/esm/client/prometheus";
import { labelMatchersToString } from "@prometheus-io/codemirror-promql/dist/esm/parser/matcher";
import type { Matcher } from "@prometheus-io/codemirror-promql/dist/esm/types";
import { search, type Search, type Searched } from "../searchApi";
import { insertedName, selectorText, typedAt, type Typed } from "./typed";

const NAMES_OFFERED = 200;
/** Names that were there no later than this are not offered. */
const LOOK_BACK_MS = 12 * 3_600_000;
/** Typing and taking back asks the same again. */
const CACHE_MS = 60_000;
const CACHED_MAX = 200;

const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Answers that were given lately, the oldest first. */
const cache = new Map<string, { at: number; answer: Search }>();

async function searchCached(what: Searched, typed: string, selector: string | null, signal: AbortSignal): Promise<Search> {
  const key = JSON.stringify([what, typed, selector]);
  const now = Date.now();
  const known = cache.get(key);
  if (known && now - known.at < CACHE_MS) return known.answer;
  const answer = await search(what, { typed, selector, sinceMs: now - LOOK_BACK_MS, limit: NAMES_OFFERED }, signal);
  cache.delete(key);
  cache.set(key, { at: now, answer });
  const [oldest] = cache.keys();
  if (cache.size > CACHED_MAX && oldest !== undefined) cache.delete(oldest);
  return answer;
}

/** What one completion asks the host for. */
class Names implements PrometheusClient {
  /** Whether names were left out: what is typed next must be searched for. */
  isCut = false;
  readonly inserted = new Map<string, string>();
  readonly #metadata: Record<string, MetricMetadata[]> = {};
  readonly #typed: Typed;
  readonly #signal: AbortSignal;

  constructor(typed: Typed, signal: AbortSignal) {
    this.#typed = typed;
    this.#signal = signal;
  }

  async metricNames(): Promise<string[]> {
    const names = await this.#find({ of: "metrics" }, null);
    for (const name of names) this.inserted.set(name, insertedName(name, "metrics", this.#typed.isQuoted));
    return names;
  }

  async labelNames(metric = ""): Promise<string[]> {
    const names = await this.#find({ of: "labels" }, selectorText(metric, ""));
    const offered = names.filter((name) => name !== "__name__");
    for (const name of offered) this.inserted.set(name, insertedName(name, "labels", this.#typed.isQuoted));
    return offered;
  }

  labelValues(label: string, metric = "", matchers: Matcher[] = []): Promise<string[]> {
    // Names that need quotes are written without by the library.
    const plain = matchers.filter((matcher) => PLAIN_LABEL.test(matcher.name));
    const written = labelMatchersToString("", plain, label).slice(1, -1);
    return this.#find({ of: "values", label }, selectorText(metric, written));
  }

  metricMetadata(): Promise<Record<string, MetricMetadata[]>> {
    return Promise.resolve(this.#metadata);
  }

  series(): Promise<Map<string, string>[]> {
    return Promise.resolve([]);
  }

  flags(): Promise<Record<string, string>> {
    return Promise.resolve({});
  }

  async #find(what: Searched, selector: string | null): Promise<string[]> {
    try {
      const { found, hasMore } = await searchCached(what, this.#typed.text, selector, this.#signal);
      this.isCut ||= hasMore;
      for (const { name, type = "", help = "" } of found) {
        if (type !== "" || help !== "") this.#metadata[name] = [{ type, help }];
      }
      return found.map(({ name }) => name);
    } catch {
      // Completion is a convenience: without the host there are simply no names to offer, until the next letter.
      this.isCut = true;
      return [];
    }
  }
}

/** Completes by searching. */
export const searchingCompletion: CompleteStrategy = {
  async promQL(context: CompletionContext): Promise<CompletionResult | null> {
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort(), { onDocChange: true });
    const typed = typedAt(context.state.sliceDoc(0, context.pos));
    const names = new Names(typed, abort.signal);
    const strategy = newCompleteStrategy({ remote: names, maxMetricsMetadata: NAMES_OFFERED });
    const result = await strategy.promQL(context);
    if (!result) return null;
    const options = result.options.map((option) => withName(option, names.inserted));
    const { validFor, ...rest } = typed.isQuoted ? insideQuotes(result, context, typed.text) : result;
    return names.isCut || validFor === undefined ? { ...rest, options } : { ...rest, options, validFor };
  },
};

/** The quotes around a name stay, with which the library would replace them. */
function insideQuotes(result: CompletionResult, context: CompletionContext, typed: string): CompletionResult {
  const from = context.pos - typed.length;
  const { to = context.pos } = result;
  const isClosed = to > context.pos && /["'`]/.test(context.state.sliceDoc(to - 1, to));
  return { ...result, from, to: isClosed ? to - 1 : to };
}

function withName(option: Completion, inserted: ReadonlyMap<string, string>): Completion {
  const text = option.type === "constant" ? inserted.get(option.label) : undefined;
  return text === undefined || text === option.label ? option : { ...option, apply: text };
}
