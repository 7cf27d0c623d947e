/** Texts and colors that stand for values. Pure. */
import type { Mapping, MappingResult } from "../model";
import { toRegExp } from "./regexp";

/** What the first mapping that knows the value says. */
export function mapValue(mappings: readonly Mapping[], value: number | string | null): MappingResult | null {
  for (const mapping of mappings) {
    const result = apply(mapping, value);
    if (result) return result;
  }
  return null;
}

function apply(mapping: Mapping, value: number | string | null): MappingResult | null {
  switch (mapping.type) {
    case "value":
      return value === null ? null : (mapping.results.get(String(value)) ?? null);
    case "range": {
      const number = typeof value === "string" ? Number.parseFloat(value) : value;
      if (number === null || Number.isNaN(number)) return null;
      return number >= mapping.from && number <= mapping.to ? mapping.result : null;
    }
    case "regex": {
      if (typeof value !== "string") return null;
      const pattern = toRegExp(mapping.pattern);
      if (!pattern?.test(value)) return null;
      const { text, color } = mapping.result;
      return { text: text === null ? null : value.replace(pattern, text), color };
    }
    case "special":
      return isSpecial(mapping.match, value) ? mapping.result : null;
  }
}

function isSpecial(match: string, value: number | string | null): boolean {
  switch (match) {
    case "null":
      return value === null;
    case "nan":
      return Number.isNaN(value);
    case "null+nan":
      return value === null || Number.isNaN(value);
    case "true":
    case "false":
      return value === match;
    case "empty":
      return value === "";
    default:
      return false;
  }
}
