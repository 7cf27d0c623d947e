import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { text, type Json } from "../json";
import { Linked } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import { readableOn, textOn, withAlpha } from "../values/colors";
import { joinFormatted } from "../values/units";
import { CutFrame } from "./CutNote";
import { NoData } from "./NoData";
import { readingsOf, type Reading } from "./readings";
import classes from "./StatPanel.module.css";
import { Sparkline } from "./Sparkline";
import { useSize } from "./useSize";

interface Props {
  options: Json;
  fields: readonly Field[];
}

/** The text that a tile is measured by has at least this many characters. */
const CHARS_MIN = 4;

/** One large value for each series, with its color and its way here. */
export function StatPanel({ options, fields }: Props) {
  const { display } = useDashboard();
  const [ref, size] = useSize();
  const [readings, cut] = readingsOf(options, fields, display);
  if (readings.length === 0) return <NoData />;
  const isStacked =
    options["orientation"] === "horizontal" || (options["orientation"] !== "vertical" && size.height > size.width);
  const tracks = readings.length === 1 ? 1 : tracksFor(readings.length, size);
  const grid =
    readings.length <= 8 && size.width > 480
      ? isStacked
        ? { gridTemplateRows: `repeat(${readings.length}, minmax(28px, 1fr))` }
        : { gridAutoFlow: "column", gridAutoColumns: "minmax(80px, 1fr)" }
      : { gridTemplateColumns: `repeat(${tracks}, minmax(0, 1fr))`, gridAutoRows: "minmax(36px, 1fr)" };
  return (
    <CutFrame cut={cut}>
      <div ref={ref} className={classes.tiles} style={grid}>
        {readings.map((reading) => (
          <Tile key={reading.key} reading={reading} options={options} isAlone={readings.length === 1} />
        ))}
      </div>
    </CutFrame>
  );
}

/** As many columns as make the tiles about twice as wide as high. */
function tracksFor(amount: number, { width, height }: { width: number; height: number }): number {
  if (height === 0) return 1;
  const columns = Math.round(Math.sqrt((amount * width) / (height * 2)));
  return Math.min(amount, Math.max(1, columns));
}

function Tile({ reading, options, isAlone }: { reading: Reading; options: Json; isAlone: boolean }) {
  const { display } = useDashboard();
  const { shown, field } = reading;
  const mode = text(options["colorMode"], "value");
  const isFilled = mode.startsWith("background");
  const color = isFilled
    ? textOn(shown.color)
    : mode === "none"
      ? "inherit"
      : readableOn(shown.color, display.scheme.surface);
  const textMode = text(options["textMode"], "auto");
  const isNameAlone = textMode === "name";
  const showsName = textMode === "value_and_name" || (textMode === "auto" && !isAlone);
  const showsValue = textMode !== "none";
  // A row of a table has no way that led to it.
  const hasSpark = options["graphMode"] !== "none" && reading.row === null && field.series.values.length > 1;
  const whole = isNameAlone ? reading.title : joinFormatted(shown);
  const links = useFieldLinks()(field, reading.cell, reading.row, reading.calc);
  const chars = Math.max(CHARS_MIN, whole.length);
  return (
    <div
      className={`${classes.tile} ${hasSpark ? classes.withSpark : ""}`}
      style={isFilled ? { background: shown.color, color } : {}}
    >
      {hasSpark && (
        <Sparkline
          series={field.series}
          className={classes.spark ?? ""}
          color={isFilled ? color : shown.color}
          fill={withAlpha(isFilled ? textOn(shown.color) : shown.color, 0.18)}
        />
      )}
      <div className={classes.words}>
        {showsName && <div className={classes.name}>{reading.title}</div>}
        {showsValue && (
          <div
            className={classes.value}
            style={{ color, ["--chars" as string]: chars, ["--room" as string]: showsName ? 40 : hasSpark ? 48 : 66 }}
          >
            <Linked links={links} name={reading.title}>
              {isNameAlone ? (
                whole
              ) : (
                <>
                  {shown.prefix}
                  {shown.text}
                  <span className={classes.suffix}>{shown.suffix}</span>
                </>
              )}
            </Linked>
          </div>
        )}
      </div>
    </div>
  );
}
