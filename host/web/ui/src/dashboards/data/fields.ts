/** Series with the settings that hold for each: those of the panel, changed by the overrides that match. Pure. */
import { boundsOf, seriesColorOf, type Bounds } from "../values/display";
import { visibleOn, type Scheme } from "../values/colors";
import { isRecord, list, record, text, withPath, type Json } from "../json";
import type { FieldConfig, Override, Panel } from "../model";
import { readFieldConfig } from "../read/field";
import { reducerOf } from "../values/reducers";
import { toRegExp } from "../values/regexp";
import { interpolateText, type Scope } from "../variables/scope";
import { typeOf } from "./drawn";
import { fillLegend } from "./legend";
import type { Series } from "./series";

export interface Field {
  /** Tells the fields of a panel apart. */
  key: string;
  name: string;
  series: Series;
  config: FieldConfig;
  bounds: Bounds;
  color: string;
  /** Its number among the fields of the panel, by which palettes color it. */
  index: number;
}

/** What a matcher looks at. */
export interface Subject {
  name: string;
  refId: string;
  type: "number" | "string" | "time";
  values: readonly (number | null)[];
}

export function fieldsOf(panel: Panel, all: readonly Series[], scope: Scope, scheme: Scheme): Field[] {
  const seen = new Map<string, number>();
  const configs = all.map((series) =>
    configFor(panel, { name: series.name, refId: series.refId, type: typeOf(series), values: series.values }),
  );
  const shared = sharedBounds(configs, all);
  let colored = -1;
  return all.map((series, at) => {
    const config = configs[at] ?? readFieldConfig({});
    if (typeOf(series) !== "time") colored += 1;
    const index = Math.max(0, colored);
    const named = interpolateText(config.displayName, scope);
    const name = named === "" ? series.name : fillDisplayName(named, series);
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    const bounds = { min: config.min ?? shared.min, max: config.max ?? shared.max };
    return {
      key: nth === 0 ? name : `${name} ${nth + 1}`,
      name,
      series,
      config: typeOf(series) === "time" && config.unit === "" ? { ...config, unit: "dateTimeAsIso" } : config,
      bounds,
      index,
      color: visibleOn(
        seriesColorOf({ ...config, displayName: name }, series.values, bounds, index, scheme),
        scheme.surface,
      ),
    };
  });
}

/** Without bounds of their own, all fields of a panel are measured by the same. */
function sharedBounds(configs: readonly FieldConfig[], all: readonly Series[]): Bounds {
  const open = all.flatMap((series, index) => {
    const isOpen = configs[index]?.min === null || configs[index]?.max === null;
    return isOpen && typeOf(series) === "number" ? series.values : [];
  });
  return boundsOf(readFieldConfig({}), open);
}

/** The settings of one field. */
export function configFor(panel: Pick<Panel, "defaults" | "overrides">, subject: Subject): FieldConfig {
  let json: Json = panel.defaults;
  for (const override of panel.overrides) {
    if (!matches(override, subject)) continue;
    for (const { path, value } of override.properties) json = withPath(json, path, value);
  }
  return readFieldConfig(json);
}

export function matches(
  { matcher, matcherOptions: options }: Pick<Override, "matcher" | "matcherOptions">,
  subject: Subject,
): boolean {
  switch (matcher) {
    case "byName":
      return subject.name === options;
    case "byRegexp":
      return toRegExp(text(options))?.test(subject.name) ?? false;
    case "byNames": {
      const names = isRecord(options) ? list(options["names"]) : list(options);
      const isNamed = names.includes(subject.name);
      return isRecord(options) && options["mode"] === "exclude" ? !isNamed : isNamed;
    }
    case "byType":
      return subject.type === options || options === "";
    case "numeric":
      return subject.type === "number";
    case "byFrameRefID":
      return subject.refId === options;
    case "byValue":
      return matchesValue(record(options), subject);
    case "anyOf":
    case "allOf": {
      const inner = list(options)
        .filter(isRecord)
        .map((each) => matches({ matcher: text(each["id"]), matcherOptions: each["options"] }, subject));
      return matcher === "anyOf" ? inner.some(Boolean) : inner.every(Boolean);
    }
    default:
      return false;
  }
}

function matchesValue(options: Json, subject: Subject): boolean {
  const value = reducerOf(text(options["reducer"])).reduce(subject.values);
  const bound = Number(options["value"] ?? 0);
  if (value === null) return false;
  switch (options["op"]) {
    case "gt":
      return value > bound;
    case "gte":
      return value >= bound;
    case "lt":
      return value < bound;
    case "lte":
      return value <= bound;
    case "neq":
      return value !== bound;
    default:
      return value === bound;
  }
}

/** "${__field.labels.job}" and "${__series.name}" in display names, and "{{job}}" as in legends. */
function fillDisplayName(format: string, series: Series): string {
  const filled = format
    .replace(
      /\$\{__field\.labels\.([^}]+)\}/g,
      (_whole, label: string) => series.labels[label.replace(/^\["?|"?\]$/g, "")] ?? "",
    )
    .replace(/\$\{__(?:field|series)\.(?:name|displayName)\}|\$__(?:field|series)_name/g, series.name);
  return fillLegend(filled, series.labels);
}
