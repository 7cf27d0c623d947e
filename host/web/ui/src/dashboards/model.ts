/** A dashboard as the pages draw it: what is left of Grafana's JSON once all its ages are made one. */
import type { Json } from "./json";

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  /** As Grafana writes them: "now-6h", "now/d", milliseconds, RFC 3339. */
  from: string;
  to: string;
  /** How often it asks again by itself, "" for never. */
  refresh: string;
  /** Whether the pointer's time is shown in all graphs. */
  isCrosshairShared: boolean;
  variables: Variable[];
  annotations: Annotation[];
  links: DashboardLink[];
  sections: Section[];
  /** What of it is not shown, in words. */
  notices: string[];
}

/** A link at the top, or one to each dashboard that has the tags. */
export interface DashboardLink {
  kind: "link" | "dashboards";
  title: string;
  tooltip: string;
  url: string;
  tags: string[];
  keepsTime: boolean;
  keepsVariables: boolean;
  opensTab: boolean;
  isDropdown: boolean;
}

/** A link of a panel, or of each of its values. */
export interface ValueLink {
  title: string;
  url: string;
  opensTab: boolean;
}

/** What is drawn over graphs at the times at which a query has a value. */
export interface Annotation {
  name: string;
  expr: string;
  /** How far apart samples of one event may be, as a duration or a variable; "" for a minute. */
  step: string;
  /** With "{{label}}". */
  title: string;
  text: string;
  tagKeys: string[];
  /** Whether values are times, in milliseconds. */
  usesValueAsTime: boolean;
  color: string;
  isOn: boolean;
  /** Whether it cannot be switched. */
  isHidden: boolean;
  /** The panels that show it, or all but those; null for all. */
  panels: { keys: string[]; isExclusion: boolean } | null;
}

/** The panels between two row headings. */
export interface Section {
  key: string;
  /** Null for the panels before the first row, and for rows without a heading. */
  title: string | null;
  isCollapsed: boolean;
  /** The variable for whose values the section is repeated. */
  repeat: string | null;
  panels: Panel[];
}

/** A place on a grid of 24 columns; a row is 30 pixels high. */
export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Panel {
  key: string;
  type: string;
  title: string;
  description: string;
  isTransparent: boolean;
  place: Place;
  repeat: { variable: string; isVertical: boolean; perLine: number } | null;
  links: ValueLink[];
  targets: Target[];
  /** Data sources named in the panel that are no Prometheus. */
  foreignSource: string | null;
  /** The name of a panel of Grafana's library that the file does not bring along. */
  missingLibrary: string | null;
  /** The smallest step, as a duration or a variable; "" for none. */
  minInterval: string;
  pointsMax: number | null;
  /** Another range than the dashboard's: "1h". */
  timeFrom: string;
  timeShift: string;
  /** Field settings as they stand in the JSON: overrides change them by path before they are read. */
  defaults: Json;
  overrides: Override[];
  transformations: Transformation[];
  options: Json;
}

/** The types of panels that are drawn. */
const DRAWN_TYPES: readonly string[] = [
  "timeseries",
  "stat",
  "gauge",
  "bargauge",
  "barchart",
  "table",
  "heatmap",
  "piechart",
  "state-timeline",
  "status-history",
  "text",
];

export function isDrawn(type: string): boolean {
  return DRAWN_TYPES.includes(type);
}

export interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  isInstant: boolean;
  isRange: boolean;
  format: "time_series" | "table" | "heatmap";
  minInterval: string;
  intervalFactor: number;
}

export interface Override {
  matcher: string;
  matcherOptions: unknown;
  properties: { path: string; value: unknown }[];
}

export interface Transformation {
  id: string;
  options: Json;
}

export type VariableKind =
  "query" | "custom" | "interval" | "textbox" | "constant" | "datasource" | "adhoc" | "unknown";

export interface Variable {
  name: string;
  kind: VariableKind;
  label: string;
  description: string;
  isHidden: boolean;
  /** What its options are made of; the meaning depends on the kind. */
  query: string;
  regex: string;
  sort: number;
  isMulti: boolean;
  hasAll: boolean;
  /** What stands for all, instead of a list of all options. */
  allValue: string;
  refreshesWithTime: boolean;
  /** Chosen when the address says nothing. */
  current: string[];
  /** Of an interval: a value that follows the range. */
  auto: { count: number; min: string } | null;
  filters: AdhocFilter[];
}

export interface AdhocFilter {
  key: string;
  operator: string;
  value: string;
}

export interface Thresholds {
  isPercentage: boolean;
  /** Ascending; the first reaches down to minus infinity. */
  steps: { from: number; color: string }[];
}

export interface MappingResult {
  text: string | null;
  color: string | null;
}

export type Mapping =
  | { type: "value"; results: ReadonlyMap<string, MappingResult> }
  | { type: "range"; from: number; to: number; result: MappingResult }
  | { type: "regex"; pattern: string; result: MappingResult }
  | { type: "special"; match: string; result: MappingResult };

export interface FieldConfig {
  unit: string;
  decimals: number | null;
  min: number | null;
  max: number | null;
  displayName: string;
  noValue: string;
  colorMode: string;
  fixedColor: string;
  /** Of a series: by which of its values it is colored. */
  colorBy: "last" | "min" | "max";
  thresholds: Thresholds;
  mappings: Mapping[];
  links: ValueLink[];
  graph: GraphStyle;
  cell: CellStyle;
}

export interface GraphStyle {
  draw: "line" | "bars" | "points";
  interpolation: "linear" | "smooth" | "stepBefore" | "stepAfter";
  lineWidth: number;
  /** In percent. */
  fillOpacity: number;
  hasGradient: boolean;
  dash: number[] | null;
  pointSize: number;
  points: "auto" | "always" | "never";
  /** Draw over holes: always, never, or up to that many milliseconds. */
  spanNulls: boolean | number;
  stacking: "none" | "normal" | "percent";
  stackGroup: string;
  isNegative: boolean;
  axisPlacement: "auto" | "left" | "right" | "hidden";
  axisLabel: string;
  softMin: number | null;
  softMax: number | null;
  isCentered: boolean;
  /** The base of a logarithmic axis; null for a linear one. */
  logBase: number | null;
  isHiddenInLegend: boolean;
  isHiddenInTooltip: boolean;
  isHidden: boolean;
  thresholdsStyle: string;
}

export interface CellStyle {
  type: string;
  align: "auto" | "left" | "center" | "right";
  width: number | null;
  isHidden: boolean;
}
