import { useDashboard } from "../context";
import type { Field } from "../data/fields";
import { flag, type Json } from "../json";
import { Linked } from "../links/LinkTo";
import { useFieldLinks } from "../links/useLinks";
import { colorOf, readableOn } from "../values/colors";
import { absoluteSteps } from "../values/thresholds";
import { joinFormatted } from "../values/units";
import classes from "./GaugePanel.module.css";
import { CutFrame } from "./CutNote";
import { NoData } from "./NoData";
import { readingsOf, type Reading } from "./readings";

interface Props {
  options: Json;
  fields: readonly Field[];
}

/** The dial opens downwards: it runs over 240 degrees. */
const SWEEP = 240;
const START = 180 + (SWEEP - 180) / 2;
const RADIUS = 82;
const CENTER = { x: 100, y: 96 };

/** A dial for each series. */
export function GaugePanel({ options, fields }: Props) {
  const { display } = useDashboard();
  const [readings, cut] = readingsOf(options, fields, display);
  if (readings.length === 0) return <NoData />;
  return (
    <CutFrame cut={cut}>
      <div className={classes.gauges}>
        {readings.map((reading) => (
          <Dial
            key={reading.key}
            reading={reading}
            isAlone={readings.length === 1}
            hasMarkers={flag(options["showThresholdMarkers"], true)}
          />
        ))}
      </div>
    </CutFrame>
  );
}

function Dial({ reading, isAlone, hasMarkers }: { reading: Reading; isAlone: boolean; hasMarkers: boolean }) {
  const { display } = useDashboard();
  const { shown, field, title } = reading;
  const { min, max } = field.bounds;
  const share = reading.value === null ? 0 : Math.min(1, Math.max(0, shown.share));
  const text = joinFormatted(shown);
  const links = useFieldLinks()(field, reading.cell, reading.row, reading.calc);
  const steps = absoluteSteps(field.config.thresholds, min, max);
  const shareAt = (value: number) => Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  return (
    <div className={classes.gauge}>
      <svg viewBox="0 0 200 150" role="img" aria-label={`${title}: ${text}`}>
        <path d={arc(0, 1, RADIUS)} className={classes.track} />
        {share > 0 && <path d={arc(0, share, RADIUS)} className={classes.value} stroke={shown.color} />}
        {hasMarkers &&
          steps.map((step, index) => {
            const from = shareAt(step.from);
            const to = shareAt(steps[index + 1]?.from ?? max);
            return (
              to > from && (
                <path
                  key={step.from}
                  d={arc(from, to, RADIUS + 13)}
                  className={classes.marker}
                  stroke={colorOf(step.color, display.scheme)}
                />
              )
            );
          })}
        <text
          x={CENTER.x}
          y={CENTER.y + 10}
          className={classes.text}
          fill={readableOn(shown.color, display.scheme.surface)}
          fontSize={Math.min(38, 190 / Math.max(4, text.length))}
        >
          {text}
        </text>
      </svg>
      {(!isAlone || links.length > 0) && (
        <div className={classes.title}>
          <Linked links={links} name={title}>
            {title}
          </Linked>
        </div>
      )}
    </div>
  );
}

function arc(from: number, to: number, radius: number): string {
  const point = (share: number) => {
    const angle = ((START - share * SWEEP) * Math.PI) / 180;
    return `${(CENTER.x + radius * Math.cos(angle)).toFixed(2)} ${(CENTER.y - radius * Math.sin(angle)).toFixed(2)}`;
  };
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${point(from)} A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}
