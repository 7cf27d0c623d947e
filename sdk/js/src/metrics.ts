// Typed metrics, rendered into the text that a scrape would have answered.
//
// Always holds: the output is well-formed whatever names and values come in: a character that a name may not contain becomes
// `_`, label values are escaped, families are contiguous and sorted by name.

import { encodeUtf8 } from "./bytes.ts";
import { Histogram } from "./histogram.ts";
import { Exposition } from "./plugin.ts";

type Kind = "counter" | "gauge" | "untyped" | "histogram" | "summary";

/** What a line of a histogram or of a summary is about: a number under a label's name. */
type Bound = [name: "le" | "quantile", value: number];

/** Labels of a sample, by name. */
export type SampleLabels = Record<string, string>;

/** The families of one answer. A later mention of a name returns the family of its first mention. */
export class Metrics {
  readonly #families = new Map<string, Family>();

  /** A value that only grows until it is reset. By convention its name ends in `_total`. */
  counter(name: string, help: string): Family {
    return this.#family(name, help, "counter");
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string): Family {
    return this.#family(name, help, "gauge");
  }

  /** A value of which the kind is not known. */
  untyped(name: string, help: string): Family {
    return this.#family(name, help, "untyped");
  }

  /** A distribution in buckets; add samples by `Family.histogram`. */
  histogram(name: string, help: string): Family {
    return this.#family(name, help, "histogram");
  }

  /** Quantiles that the other side computed; add samples by `Family.summary`. */
  summary(name: string, help: string): Family {
    return this.#family(name, help, "summary");
  }

  #family(name: string, help: string, kind: Kind): Family {
    const clean = sanitized(name, true);
    const known = this.#families.get(clean);
    if (known !== undefined) return known;
    const family = new Family(clean, help, kind);
    this.#families.set(clean, family);
    return family;
  }

  /** Prometheus text 0.0.4: every name is kept as it is. The safe choice. */
  text(): Exposition {
    const body = this.#sorted().map((family) => family.text()).join("");
    return new Exposition("text/plain; version=0.0.4; charset=utf-8", encodeUtf8(body));
  }

  /**
   * OpenMetrics 1.0, which adds units. It knows counters only by the suffix `_total`: a counter without it is rendered as
   * `unknown`.
   */
  openMetrics(): Exposition {
    const body = this.#sorted().map((family) => family.openMetrics()).join("");
    const type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    return new Exposition(type, encodeUtf8(`${body}# EOF\n`));
  }

  #sorted(): Family[] {
    return [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Metrics of one name. Samples are added in any order; each set of labels once. */
export class Family {
  #unit: string | null = null;
  #lines = "";

  constructor(
    readonly name: string,
    readonly help: string,
    readonly kind: Kind,
  ) {}

  /** The unit, for OpenMetrics. Ignored unless the name ends in it, which OpenMetrics demands. */
  unit(unit: string): this {
    this.#unit = unit;
    return this;
  }

  /** Adds the sample without labels. */
  set(value: number | boolean): this {
    return this.sample({}, value);
  }

  /** Adds a sample. */
  sample(labels: SampleLabels, value: number | boolean): this {
    this.#line("", labels, null, Number(value));
    return this;
  }

  /** Adds a histogram: its buckets, sum and count. */
  histogram(labels: SampleLabels, histogram: Histogram): this {
    for (const [bound, count] of histogram.cumulative()) {
      this.#line("_bucket", labels, ["le", bound], count);
    }
    this.#line("_sum", labels, null, histogram.sum);
    this.#line("_count", labels, null, histogram.count);
    return this;
  }

  /** Adds a summary: pairs of a quantile (0.99) and its value, the sum and the number of what was observed. */
  summary(labels: SampleLabels, quantiles: Iterable<[quantile: number, value: number]>, sum: number, count: number): this {
    for (const [quantile, value] of quantiles) {
      this.#line("", labels, ["quantile", quantile], value);
    }
    this.#line("_sum", labels, null, sum);
    this.#line("_count", labels, null, count);
    return this;
  }

  #line(suffix: string, labels: SampleLabels, bound: Bound | null, value: number): void {
    const pairs = Object.entries(labels).map(
      ([name, text]) => `${sanitized(name, false)}="${escaped(text, true)}"`,
    );
    if (bound !== null) pairs.push(`${bound[0]}="${boundText(bound[1])}"`);
    const braces = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
    this.#lines += `${this.name}${suffix}${braces} ${numberText(value)}\n`;
  }

  /** The family in Prometheus' text; nothing when it has no samples. */
  text(): string {
    if (this.#lines === "") return "";
    const head = `# HELP ${this.name} ${escaped(this.help, false)}\n# TYPE ${this.name} ${this.kind}\n`;
    return head + this.#lines;
  }

  /** The family in OpenMetrics; nothing when it has no samples. */
  openMetrics(): string {
    if (this.#lines === "") return "";
    const isTotal = this.kind === "counter" && this.name.endsWith("_total");
    const name = isTotal ? this.name.slice(0, -"_total".length) : this.name;
    const isUnknown = this.kind === "untyped" || (this.kind === "counter" && !isTotal);
    const kind = isUnknown ? "unknown" : this.kind;
    const unit = this.#unit !== null && name.endsWith(`_${this.#unit}`) ? `# UNIT ${name} ${this.#unit}\n` : "";
    return `# HELP ${name} ${escaped(this.help, true)}\n# TYPE ${name} ${kind}\n${unit}${this.#lines}`;
  }
}

/** Keeps what a name may contain: letters, digits, `_`, and `:` in names of metrics; no digit in front. */
function sanitized(name: string, isMetric: boolean): string {
  const clean = name.replace(isMetric ? /[^A-Za-z0-9_:]/gu : /[^A-Za-z0-9_]/gu, "_");
  return clean === "" || /^[0-9]/.test(clean) ? `_${clean}` : clean;
}

function escaped(text: string, quotes: boolean): string {
  const safe = text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
  return quotes ? safe.replace(/"/g, '\\"') : safe;
}

/** `+Inf`, `-Inf`, `NaN`, else the shortest digits. */
function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Bounds of buckets and quantiles are floats by their look. */
function boundText(bound: number): string {
  const text = numberText(bound);
  return Number.isInteger(bound) && !text.includes("e") ? `${text}.0` : text;
}
