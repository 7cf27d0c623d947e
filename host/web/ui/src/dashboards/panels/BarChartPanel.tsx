import { useMemo } from "react";
import { barAxis, barGroups, stackingOf, type Bar, type BarAxis, type BarGroup, type BarGroups } from "../chart/bars";
import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { number, oneOf, record, text, type Json } from "../json";
import { textOn } from "../values/colors";
import classes from "./BarChartPanel.module.css";
import { cutTo } from "./cut";
import { CutNote } from "./CutNote";
import graph from "./GraphPanel.module.css";
import { NoData } from "./NoData";
import { useSize } from "./useSize";

interface Props {
  options: Json;
  fields: readonly Field[];
  title: string;
}

/** More groups are neither readable nor told apart. */
const GROUPS_MAX = 200;
const TICK_PIXELS = 48;

/** Values of the rows of a table, beside each other. */
export function BarChartPanel({ options, fields, title }: Props) {
  const { display } = useDashboard();
  const [ref, size] = useSize();
  const all = useMemo(() => barGroups(fields, options, display), [fields, options, display]);
  const [shown, cut] = useMemo(() => cutTo(all.groups, GROUPS_MAX, "groups of bars"), [all]);
  if (all.groups.length === 0) return <NoData />;
  const groups = { ...all, groups: [...shown] };
  const told = options["orientation"];
  const isUpright = told === "vertical" || (told !== "horizontal" && size.width >= size.height);
  const stacking = stackingOf(options["stacking"]);
  const ticks = Math.max(2, Math.floor((isUpright ? size.height : size.width) / TICK_PIXELS));
  const axis = barAxis(groups, stacking, ticks, display.zone);
  const legend = record(options["legend"]);
  const hasLegend = legend["showLegend"] !== false && legend["displayMode"] !== "hidden" && text(options["colorByField"]) === "";
  return (
    <div className={`${graph.panel} ${legend["placement"] === "right" ? graph.right : graph.bottom}`}>
      <div ref={ref} className={classes.place}>
        {size.width > 0 && size.height > 0 && (
          <Bars groups={groups} axis={axis} options={options} isUpright={isUpright} size={size} title={title} />
        )}
        <BarTable groups={groups} title={title} />
      </div>
      <CutNote cut={cut} />
      {hasLegend && <Legend fields={all.fields} />}
    </div>
  );
}

interface BarsProps {
  groups: BarGroups;
  axis: BarAxis;
  options: Json;
  isUpright: boolean;
  size: { width: number; height: number };
  title: string;
}

const CHAR_PIXELS = 6.2;
const LINE_PIXELS = 14;
const GAP = 6;
/** Names of bars that lie take no more than this of the width. */
const NAMES_SHARE = 0.35;

function Bars({ groups: { groups, lanes }, axis, options, isUpright, size, title }: BarsProps) {
  const longest = Math.max(2, ...groups.map(({ name }) => name.length)) * CHAR_PIXELS + GAP;
  const ticksWidth = Math.max(2, ...axis.ticks.map(({ text: label }) => label.length)) * CHAR_PIXELS + 2 * GAP;
  const left = isUpright ? ticksWidth : Math.min(longest, size.width * NAMES_SHARE);
  const area = { left, top: GAP, width: Math.max(1, size.width - left - (isUpright ? GAP : ticksWidth / 2)), height: Math.max(1, size.height - LINE_PIXELS - 2 * GAP) };
  const length = isUpright ? area.height : area.width;
  const pixels = (value: number) => ((Math.min(axis.max, Math.max(axis.min, value)) - axis.min) / (axis.max - axis.min)) * length;
  const along = (isUpright ? area.width : area.height) / Math.max(1, groups.length);
  const groupShare = number(options["groupWidth"]) ?? 0.7;
  const barShare = number(options["barWidth"]) ?? 0.97;
  const lane = (along * groupShare) / lanes;
  const showsValue = oneOf(options["showValue"], ["auto", "always", "never"]);
  const placeOf = (bar: Bar, index: number): Rect => {
    const start = index * along + (along - lane * lanes) / 2 + (lanes === 1 ? 0 : bar.place * lane) + (lane * (1 - barShare)) / 2;
    const [low, high] = [pixels(Math.min(bar.from, bar.to)), pixels(Math.max(bar.from, bar.to))];
    const thick = Math.max(1, lane * barShare);
    return isUpright
      ? { x: area.left + start, y: area.top + area.height - high, width: thick, height: Math.max(0, high - low) }
      : { x: area.left + low, y: area.top + start, width: Math.max(0, high - low), height: thick };
  };
  return (
    <svg className={classes.chart} viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={`Bars of ${title || "this panel"}`}>
      {axis.ticks.map(({ value, text: label }) => {
        const at = pixels(value);
        return isUpright ? (
          <g key={value}>
            <line x1={area.left} x2={area.left + area.width} y1={area.top + area.height - at} y2={area.top + area.height - at} />
            <text x={area.left - GAP} y={area.top + area.height - at} textAnchor="end" dominantBaseline="middle">
              {label}
            </text>
          </g>
        ) : (
          <g key={value}>
            <line x1={area.left + at} x2={area.left + at} y1={area.top} y2={area.top + area.height} />
            <text x={area.left + at} y={area.top + area.height + LINE_PIXELS} textAnchor="middle">
              {label}
            </text>
          </g>
        );
      })}
      {groups.map((group, index) => (
        <g key={index}>
          {group.bars.map((bar) => (
            <BarShape key={bar.place} bar={bar} group={group} rect={placeOf(bar, index)} showsValue={showsValue} isUpright={isUpright} />
          ))}
        </g>
      ))}
      <Names names={groups.map(({ name }) => name)} area={area} along={along} isUpright={isUpright} />
    </svg>
  );
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface BarShapeProps {
  bar: Bar;
  group: BarGroup;
  rect: Rect;
  showsValue: "auto" | "always" | "never";
  isUpright: boolean;
}

/** Its value stands in it, where it has room. */
function BarShape({ bar, group, rect, showsValue, isUpright }: BarShapeProps) {
  const needed = bar.text.length * CHAR_PIXELS + 4;
  const hasRoom = rect.width >= needed && rect.height >= LINE_PIXELS;
  return (
    <>
      <rect {...rect} fill={bar.color} stroke="var(--nx-surface)" strokeWidth="0.5">
        <title>{`${group.name}, ${bar.field.name}: ${bar.text}`}</title>
      </rect>
      {showsValue !== "never" && (hasRoom || showsValue === "always") && (
        <text
          className={classes.value}
          x={isUpright ? rect.x + rect.width / 2 : rect.x + rect.width - 4}
          y={isUpright ? rect.y + LINE_PIXELS / 2 + 2 : rect.y + rect.height / 2}
          textAnchor={isUpright ? "middle" : "end"}
          dominantBaseline="middle"
          style={{ fill: textOn(bar.color) }}
        >
          {bar.text}
        </text>
      )}
    </>
  );
}

/** Rather every second name than names that are cut to less. */
const NAME_CHARS_MIN = 9;

interface NamesProps {
  names: readonly string[];
  area: { left: number; top: number; width: number; height: number };
  along: number;
  isUpright: boolean;
}

/** As many names as there is room for, cut where they are longer. */
function Names({ names, area, along, isUpright }: NamesProps) {
  const longest = Math.min(NAME_CHARS_MIN, Math.max(1, ...names.map((name) => name.length)));
  const needed = isUpright ? (longest + 1) * CHAR_PIXELS : LINE_PIXELS;
  const every = Math.max(1, Math.ceil(needed / along));
  const chars = Math.max(2, Math.floor((isUpright ? along * every - 4 : area.left - GAP) / CHAR_PIXELS));
  return names.map((name, index) =>
    index % every === 0 ? (
      <text
        key={index}
        x={isUpright ? area.left + along * (index + 0.5) : area.left - GAP}
        y={isUpright ? area.top + area.height + LINE_PIXELS : area.top + along * (index + 0.5)}
        textAnchor={isUpright ? "middle" : "end"}
        dominantBaseline={isUpright ? "auto" : "middle"}
      >
        {name.length > chars ? `${name.slice(0, chars - 1)}…` : name}
        <title>{name}</title>
      </text>
    ) : null,
  );
}

function Legend({ fields }: { fields: readonly Field[] }) {
  return (
    <ul className={`${graph.legend} ${classes.legend}`}>
      {fields.map((field) => (
        <li key={field.key}>
          <span className={graph.swatch} style={{ background: field.color }} />
          {field.name}
        </li>
      ))}
    </ul>
  );
}

/** The picture in words. */
function BarTable({ groups: { groups, fields }, title }: { groups: BarGroups; title: string }) {
  return (
    <div className="nx-hidden">
      <table>
        <caption>{`Bars of ${title || "this panel"}`}</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            {fields.map((field) => (
              <th key={field.key} scope="col">
                {field.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(({ name, bars }, index) => (
            <tr key={index}>
              <th scope="row">{name}</th>
              {fields.map((field, place) => (
                <td key={field.key}>{bars.find((bar) => bar.place === place)?.text ?? "none"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
