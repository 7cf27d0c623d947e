/** The graph panel of Grafana before 8 as a timeseries panel of today. Pure. */
import { flag, list, number, record, records, text, type Json } from "../json";

/** Its legend switches, and the reducers that show the same. */
const CALCS: readonly [string, string][] = [
  ["min", "min"],
  ["max", "max"],
  ["avg", "mean"],
  ["current", "lastNotNull"],
  ["total", "sum"],
];

export function migrateGraph(json: Json): Json {
  const [left = {}, right = {}] = records(json["yaxes"]);
  if (record(json["xaxis"])["mode"] === "series") return migrateToBars(json, left);
  const { steps, style } = thresholds(json);
  return {
    ...json,
    type: "timeseries",
    fieldConfig: {
      defaults: {
        ...axis(left),
        decimals: number(json["decimals"]) ?? undefined,
        thresholds: { mode: "absolute", steps },
        custom: {
          ...drawing(json),
          ...axisStyle(left),
          stacking: { mode: stacking(flag(json["stack"]), json), group: "A" },
          thresholdsStyle: { mode: style },
        },
      },
      overrides: [
        ...Object.entries(record(json["aliasColors"])).map(([name, color]) => ({
          matcher: { id: "byName", options: name },
          properties: [fixedColor(color)],
        })),
        ...records(json["seriesOverrides"]).map((each) => seriesOverride(each, right, json)),
      ],
    },
    options: { legend: legend(record(json["legend"])), tooltip: tooltip(record(json["tooltip"])) },
  };
}

function migrateToBars(json: Json, left: Json): Json {
  const [value = "total"] = list(record(json["xaxis"])["values"]);
  const calc = CALCS.find(([name]) => name === value)?.[1] ?? "lastNotNull";
  return {
    ...json,
    type: "bargauge",
    fieldConfig: { defaults: { ...axis(left), color: { mode: "palette-classic" } }, overrides: [] },
    options: { reduceOptions: { calcs: [calc] }, orientation: "vertical", displayMode: "basic" },
  };
}

function axis(json: Json): Json {
  return {
    unit: text(json["format"]),
    ...(number(json["min"]) === null ? {} : { min: number(json["min"]) }),
    ...(number(json["max"]) === null ? {} : { max: number(json["max"]) }),
  };
}

function axisStyle(json: Json): Json {
  const base = number(json["logBase"]) ?? 1;
  return {
    axisLabel: text(json["label"]),
    axisPlacement: flag(json["show"], true) ? "auto" : "hidden",
    scaleDistribution: base > 1 ? { type: "log", log: base } : { type: "linear" },
  };
}

/** How series are drawn: of the panel, or of one series where it says so. */
function drawing(json: Json): Json {
  const isLine = flag(json["lines"], true);
  const drawStyle = flag(json["bars"]) ? "bars" : isLine ? "line" : "points";
  return {
    drawStyle,
    lineInterpolation: flag(json["steppedLine"]) ? "stepAfter" : "linear",
    lineWidth: number(json["linewidth"]) ?? 1,
    // From 0 to 10 then, in percent now.
    fillOpacity: drawStyle === "bars" ? 100 : (number(json["fill"]) ?? 1) * 10,
    gradientMode: (number(json["fillGradient"]) ?? 0) > 0 ? "opacity" : "none",
    showPoints: flag(json["points"]) ? "always" : "never",
    pointSize: (number(json["pointradius"]) ?? 2) * 2 + 1,
    spanNulls: json["nullPointMode"] === "connected",
    ...(flag(json["dashes"]) ? { lineStyle: dash(json) } : {}),
  };
}

function dash(json: Json): Json {
  return { fill: "dash", dash: [number(json["dashLength"]) ?? 10, number(json["spaceLength"]) ?? 10] };
}

function stacking(isStacked: boolean, json: Json): string {
  if (!isStacked) return "none";
  return flag(json["percentage"]) ? "percent" : "normal";
}

function fixedColor(color: unknown): Json {
  return { id: "color", value: { mode: "fixed", fixedColor: color } };
}

function seriesOverride(json: Json, right: Json, panel: Json): Json {
  const alias = text(json["alias"]);
  const properties: Json[] = [];
  const set = (id: string, value: unknown) => properties.push({ id, value });
  if ("color" in json) properties.push(fixedColor(json["color"]));
  if ("stack" in json) {
    const group = typeof json["stack"] === "string" ? json["stack"] : "A";
    set("custom.stacking", { mode: stacking(json["stack"] !== false, panel), group });
  }
  if (json["yaxis"] === 2) {
    const { axisLabel, scaleDistribution } = axisStyle(right);
    set("custom.axisPlacement", flag(right["show"], true) ? "right" : "hidden");
    set("custom.axisLabel", axisLabel);
    set("custom.scaleDistribution", scaleDistribution);
    for (const [id, value] of Object.entries(axis(right))) set(id, value);
  }
  if ("bars" in json || "lines" in json) {
    if (flag(json["bars"])) {
      set("custom.drawStyle", "bars");
      set("custom.fillOpacity", 100);
    } else if (json["lines"] === false) set("custom.drawStyle", "points");
    else if (json["lines"] === true) set("custom.drawStyle", "line");
  }
  if (number(json["fill"]) !== null) set("custom.fillOpacity", (number(json["fill"]) ?? 0) * 10);
  if (number(json["linewidth"]) !== null) set("custom.lineWidth", number(json["linewidth"]));
  if ("points" in json) set("custom.showPoints", flag(json["points"]) ? "always" : "never");
  if ("steppedLine" in json) set("custom.lineInterpolation", flag(json["steppedLine"]) ? "stepAfter" : "linear");
  if (flag(json["dashes"])) set("custom.lineStyle", dash(json));
  if (json["transform"] === "negative-Y") set("custom.transform", "negative-Y");
  if (json["legend"] === false || json["hiddenSeries"] === true) {
    set("custom.hideFrom", { legend: json["legend"] === false, tooltip: false, viz: json["hiddenSeries"] === true });
  }
  return { matcher: { id: /^\/.*\/\w*$/.test(alias) ? "byRegexp" : "byName", options: alias }, properties };
}

function legend(json: Json): Json {
  const calcs = flag(json["values"]) ? CALCS.filter(([name]) => flag(json[name])).map(([, calc]) => calc) : [];
  return {
    showLegend: flag(json["show"], true),
    displayMode: flag(json["alignAsTable"]) ? "table" : "list",
    placement: flag(json["rightSide"]) ? "right" : "bottom",
    calcs,
  };
}

function tooltip(json: Json): Json {
  const sort = json["sort"] === 1 ? "asc" : json["sort"] === 2 ? "desc" : "none";
  return { mode: json["shared"] === false ? "single" : "multi", sort };
}

const LEVELS: Readonly<Record<string, string>> = { critical: "red", warning: "orange", ok: "green" };

/** Each threshold says from where on, or up to where, it warns. */
function thresholds(json: Json): { steps: Json[]; style: string } {
  const found = records(json["thresholds"]).filter((each) => number(each["value"]) !== null);
  if (found.length === 0) return { steps: [{ color: "green" }], style: "off" };
  const color = (each: Json) =>
    LEVELS[text(each["colorMode"])] ?? text(each["lineColor"], text(each["fillColor"], "red"));
  const steps: Json[] = [{ color: "transparent" }];
  for (const each of found.sort((a, b) => (number(a["value"]) ?? 0) - (number(b["value"]) ?? 0))) {
    const value = number(each["value"]) ?? 0;
    if (each["op"] === "lt") {
      const last = steps.at(-1);
      if (last) last["color"] = color(each);
      steps.push({ value, color: "transparent" });
    } else steps.push({ value, color: color(each) });
  }
  const hasFill = found.some((each) => flag(each["fill"]));
  const hasLine = found.some((each) => flag(each["line"]));
  return { steps, style: hasFill && hasLine ? "line+area" : hasFill ? "area" : hasLine ? "line" : "off" };
}
