/** Relabeling as it is read: each rule as it stands in the configuration, and what it changed. Pure. */
import type { Labels } from "../api";
import type { RelabelStep } from "../discoveryApi";

export interface LabelChange {
  kind: "added" | "changed" | "removed";
  name: string;
  /** Before the rule; null where the label is new. */
  before: string | null;
  /** After the rule; null where the label is gone. */
  after: string | null;
}

export interface StepView {
  rule: string;
  /** `skipped`: a rule before has dropped the target. */
  outcome: "kept" | "dropped" | "skipped";
  changes: LabelChange[];
  /** All labels after the rule. */
  output: Labels;
}

export function stepViews(discovered: Labels, steps: readonly RelabelStep[]): StepView[] {
  let before = discovered;
  let isGone = false;
  return steps.map(({ rule, output, keep }) => {
    const after = keep ? output : before;
    const outcome = keep ? "kept" : isGone ? "skipped" : "dropped";
    const view: StepView = { rule: ruleText(rule), outcome, changes: labelChanges(before, after), output: after };
    before = after;
    isGone ||= !keep;
    return view;
  });
}

export function labelChanges(before: Labels, after: Labels): LabelChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): LabelChange[] => {
    const [from, to] = [before[name] ?? null, after[name] ?? null];
    if (from === to) return [];
    const kind = from === null ? "added" : to === null ? "removed" : "changed";
    return [{ kind, name, before: from, after: to }];
  });
}

/** What holds where a rule does not say it: not worth reading. */
const DEFAULTS: Readonly<Record<string, unknown>> = { separator: ";", regex: "(.*)", replacement: "$1", action: "replace" };

/** Keys that an action does not look at, whatever they are. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  keep: ["replacement", "target_label"],
  drop: ["replacement", "target_label"],
  keepequal: ["regex", "replacement", "separator"],
  dropequal: ["regex", "replacement", "separator"],
  hashmod: ["regex", "replacement"],
  lowercase: ["regex", "replacement"],
  uppercase: ["regex", "replacement"],
  labelmap: ["separator"],
  labeldrop: ["replacement", "separator"],
  labelkeep: ["replacement", "separator"],
};

const ORDER = ["action", "source_labels", "separator", "regex", "modulus", "target_label", "replacement"];

/** A rule in YAML, one key a line, without what is the default or has no effect. */
export function ruleText(rule: Record<string, unknown>): string {
  const action = String(rule["action"] ?? "replace");
  const unused = UNUSED[action] ?? [];
  const keys = Object.keys(rule)
    .filter((key) => key === "action" || (rule[key] !== DEFAULTS[key] && !unused.includes(key)))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  return keys.map((key) => `${key}: ${valueText(rule[key])}`).join("\n");
}

function place(key: string): number {
  const at = ORDER.indexOf(key);
  return at < 0 ? ORDER.length : at;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(String).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  return /^[\w$][\w$./-]*$/.test(value) ? value : `'${value.replace(/'/g, "''")}'`;
}
