import { Button, Text } from "@mantine/core";
import { useState, type MouseEvent } from "react";
import type { Labels } from "../api";
import { SeriesName } from "../components/LabelSet";
import classes from "./Legend.module.css";
import { seriesColor } from "./palette";
import { SERIES_DRAWN_MAX } from "./plotData";
import { isolate, toggle } from "./visibility";

const ENTRIES_AT_FIRST = 20;
/** As many as lines are drawn; of histograms there can be more. */
const ENTRIES_MAX = SERIES_DRAWN_MAX;
const COLUMN_CHARS_MIN = 24;
const COLUMN_CHARS_MAX = 90;
const SWATCH_CHARS = 6;

/** As many columns as fit, each wide enough for the longest name. */
function columns(chars: number): string {
  return `repeat(auto-fill, minmax(min(100%, ${chars}ch), 1fr))`;
}

interface Props {
  series: readonly { name: string; labels: Labels }[];
  /** The names of the visible series; null is all. */
  visible: ReadonlySet<string> | null;
  onVisible: (visible: ReadonlySet<string> | null) => void;
  onHighlight: (index: number | null) => void;
  /** Whether each series has a color of its own in the graph. */
  isColored: boolean;
}

/** The series of a graph: a click shows one alone, with Ctrl or Cmd it switches one. */
export function Legend({ series, visible, onVisible, onHighlight, isColored }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const names = series.map((each) => each.name);
  const click = (name: string) => (event: MouseEvent) => {
    const isSwitch = event.ctrlKey || event.metaKey || event.shiftKey;
    onVisible(isSwitch ? toggle(visible, names, name) : isolate(visible, name));
  };
  const shown = series.slice(0, isWhole ? ENTRIES_MAX : ENTRIES_AT_FIRST);
  const all = series.length > ENTRIES_MAX ? `${ENTRIES_MAX} of ${series.length} series` : `all ${series.length} series`;
  const longest = shown.reduce((chars, each) => Math.max(chars, each.name.length), 0);
  const width = Math.min(COLUMN_CHARS_MAX, Math.max(COLUMN_CHARS_MIN, longest + SWATCH_CHARS));
  return (
    <div className={classes.legend} onMouseLeave={() => onHighlight(null)}>
      <div className={classes.entries} style={{ gridTemplateColumns: columns(width) }}>
        {shown.map((each, index) => (
          <button
            key={each.name}
            type="button"
            className={classes.entry}
            aria-pressed={visible === null || visible.has(each.name)}
            onClick={click(each.name)}
            onMouseEnter={() => onHighlight(index)}
            onFocus={() => onHighlight(index)}
            onBlur={() => onHighlight(null)}
          >
            <span className={classes.swatch} style={{ background: seriesColor(isColored ? index : 0) }} />
            <SeriesName labels={each.labels} />
          </button>
        ))}
      </div>
      {series.length > ENTRIES_AT_FIRST && (
        <Button variant="subtle" size="compact-xs" onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? "Show fewer" : `Show ${all}`}
        </Button>
      )}
      {series.length > 1 && (
        <Text size="xs" c="dimmed" mt={4}>
          Click: only this series, again: all. Ctrl or Cmd and click: switch this series. Drag in the graph: zoom.
        </Text>
      )}
    </div>
  );
}
