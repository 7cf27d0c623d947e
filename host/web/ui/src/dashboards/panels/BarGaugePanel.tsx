import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { text, type Json } from "../json";
import { Linked } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import { colorOf, readableOn, withAlpha, type Scheme } from "../values/colors";
import { absoluteSteps } from "../values/thresholds";
import { joinFormatted } from "../values/units";
import classes from "./BarGaugePanel.module.css";
import { CutFrame } from "./CutNote";
import { NoData } from "./NoData";
import { readingsOf, type Reading } from "./readings";
import { useSize } from "./useSize";

interface Props {
  options: Json;
  fields: readonly Field[];
}

/** A bar for each series, from its smallest to its largest possible value. */
export function BarGaugePanel({ options, fields }: Props) {
  const { display } = useDashboard();
  const [ref, size] = useSize();
  const [readings, cut] = readingsOf(options, fields, display);
  if (readings.length === 0) return <NoData />;
  const isUpright =
    options["orientation"] === "vertical" || (options["orientation"] !== "horizontal" && size.width > size.height * 2);
  const mode = text(options["displayMode"], "gradient");
  return (
    <CutFrame cut={cut}>
      <div ref={ref} className={isUpright ? classes.columns : classes.rows}>
        {readings.map((reading) => (
          <Bar key={reading.key} reading={reading} isUpright={isUpright} mode={mode} scheme={display.scheme} />
        ))}
      </div>
    </CutFrame>
  );
}

interface BarProps {
  reading: Reading;
  isUpright: boolean;
  mode: string;
  scheme: Scheme;
}

function Bar({ reading, isUpright, mode, scheme }: BarProps) {
  const { shown, title } = reading;
  const share = reading.value === null ? 0 : Math.min(1, Math.max(0, shown.share));
  const percent = `${(share * 100).toFixed(2)}%`;
  const value = joinFormatted(shown);
  const links = useFieldLinks()(reading.field, reading.cell, reading.row, reading.calc);
  return (
    <div className={isUpright ? classes.column : classes.row}>
      <span className={classes.name} title={title}>
        <Linked links={links} name={title}>
          {title}
        </Linked>
      </span>
      <span className={classes.track}>
        <span
          className={classes.bar}
          style={{
            background: fillOf(reading, mode, isUpright, scheme, share),
            ...(isUpright ? { height: percent } : { width: percent }),
          }}
        />
      </span>
      <span className={classes.value} style={{ color: readableOn(shown.color, scheme.surface) }}>
        {value}
      </span>
    </div>
  );
}

function fillOf({ shown, field }: Reading, mode: string, isUpright: boolean, scheme: Scheme, share: number): string {
  const towards = isUpright ? "to top" : "to right";
  if (mode === "lcd") {
    return `repeating-linear-gradient(${towards}, ${shown.color} 0 7px, transparent 7px 10px)`;
  }
  const steps = absoluteSteps(field.config.thresholds, field.bounds.min, field.bounds.max);
  if (mode !== "gradient" || field.config.colorMode !== "thresholds" || steps.length < 2 || share === 0)
    return withAlpha(shown.color, 0.75);
  const { min, max } = field.bounds;
  const stops = steps.map((step) => {
    const at = step.from === Number.NEGATIVE_INFINITY ? 0 : (step.from - min) / (max - min || 1);
    return `${colorOf(step.color, scheme)} ${((at / share) * 100).toFixed(1)}%`;
  });
  return `linear-gradient(${towards}, ${stops.join(", ")})`;
}
