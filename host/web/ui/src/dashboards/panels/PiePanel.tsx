import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { record, strings, type Json } from "../json";
import { Linked } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import { joinFormatted, percentText } from "../values/units";
import { CutFrame } from "./CutNote";
import { NoData } from "./NoData";
import classes from "./PiePanel.module.css";
import { readingsOf, type Reading } from "./readings";
import { slicesOf, type Slice } from "./slices";

interface Props {
  options: Json;
  fields: readonly Field[];
}

/** What part each series has of all. */
export function PiePanel({ options, fields }: Props) {
  const { display } = useDashboard();
  const [readings, cut] = readingsOf(options, fields, display);
  const slices = slicesOf(readings.map((reading) => reading.value));
  if (slices.every((slice) => slice.share === 0)) return <NoData />;
  const hole = options["pieType"] === "donut" ? 0.6 : 0;
  const shown = strings(record(options["legend"])["values"]);
  return (
    <CutFrame cut={cut}>
      <div className={classes.pie}>
        <svg viewBox="-105 -105 210 210" role="img" aria-label={`Parts of ${readings.length} series`}>
          {readings.map((reading, index) => (
            <path
              key={reading.key}
              d={slicePath(slices[index], hole)}
              fill={reading.color}
              stroke="var(--nx-surface)"
              strokeWidth="1.5"
              fillRule="evenodd"
            >
              <title>{`${reading.title}: ${joinFormatted(reading.shown)}, ${percent(slices[index])}`}</title>
            </path>
          ))}
        </svg>
        <ul className={classes.legend}>
          {readings.map((reading, index) => (
            <Entry
              key={reading.key}
              reading={reading}
              slice={slices[index]}
              hasValue={shown.length === 0 || shown.includes("value")}
            />
          ))}
        </ul>
      </div>
    </CutFrame>
  );
}

function Entry({ reading, slice, hasValue }: { reading: Reading; slice: Slice | undefined; hasValue: boolean }) {
  const links = useFieldLinks()(reading.field, reading.cell, reading.row, reading.calc);
  return (
    <li>
      <span className={classes.swatch} style={{ background: reading.color }} />
      <span className={classes.name} title={reading.title}>
        <Linked links={links} name={reading.title}>
          {reading.title}
        </Linked>
      </span>
      {hasValue && <span className={classes.figure}>{joinFormatted(reading.shown)}</span>}
      <span className={classes.figure}>{percent(slice)}</span>
    </li>
  );
}

function percent(slice: Slice | undefined): string {
  return percentText(slice?.share ?? 0);
}

const RADIUS = 100;
/** A slice that is the whole has no two ends to draw an arc between. */
const WHOLE = 0.9999;

function slicePath(slice: Slice | undefined, hole: number): string {
  if (!slice || slice.share === 0) return "";
  const ring = (radius: number) =>
    `M0 ${-radius} A${radius} ${radius} 0 1 1 0 ${radius} A${radius} ${radius} 0 1 1 0 ${-radius}Z`;
  if (slice.share >= WHOLE) return ring(RADIUS) + (hole > 0 ? ring(RADIUS * hole) : "");
  const point = (share: number, radius: number) => {
    const angle = share * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(2)} ${(-Math.cos(angle) * radius).toFixed(2)}`;
  };
  const end = slice.start + slice.share;
  const isLarge = slice.share > 0.5 ? 1 : 0;
  const outer = `M${point(slice.start, RADIUS)} A${RADIUS} ${RADIUS} 0 ${isLarge} 1 ${point(end, RADIUS)}`;
  const inner = RADIUS * hole;
  return hole === 0
    ? `${outer} L0 0Z`
    : `${outer} L${point(end, inner)} A${inner} ${inner} 0 ${isLarge} 0 ${point(slice.start, inner)}Z`;
}
