import { useState, type CSSProperties } from "react";
import { ChevronRight } from "../components/icons";
import { count } from "../format/value";
import type { PlacedPanel, PlacedSection } from "./layout";
import { DashboardPanel } from "./panels/DashboardPanel";
import classes from "./SectionGrid.module.css";
import { interpolateText } from "./variables/scope";

/** A row of a dashboard: its heading, which opens and closes it, and its panels on a grid. */
export function SectionGrid({ placed }: { placed: PlacedSection }) {
  const { section, scope, panels } = placed;
  const [isOpen, setOpen] = useState(!section.isCollapsed);
  const isShown = isOpen || section.title === null;
  return (
    <section aria-label={section.title ?? "Panels"}>
      {section.title === null ? (
        <h2 className="nx-hidden">Panels</h2>
      ) : (
        <h2 className={classes.title}>
          <button type="button" className={classes.heading} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <ChevronRight />
            {interpolateText(section.title, scope) || "Row"}
            {!isOpen && <span className={classes.count}>{count(panels.length, "panel", "panels")}</span>}
          </button>
        </h2>
      )}
      {isShown && panels.length > 0 && (
        <div className={classes.grid}>
          {panels.map((each) => (
            <Cell key={each.key} placed={each} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Narrower than this, a panel shows a single value. */
const SMALL_COLUMNS = 6;
function Cell({ placed }: { placed: PlacedPanel }) {
  const { x, y, w, h } = placed.panel.place;
  const isSmall = w <= SMALL_COLUMNS && ["stat", "gauge", "bargauge"].includes(placed.panel.type);
  const style = { "--x": x, "--y": y, "--w": w, "--h": h };
  return (
    <div className={`${classes.cell} ${isSmall ? classes.small : ""}`} style={style as CSSProperties}>
      <DashboardPanel placed={placed} />
    </div>
  );
}

/** One panel as large as the window. */
export function LonePanel({ placed }: { placed: PlacedPanel }) {
  return (
    <div className={classes.alone}>
      <DashboardPanel placed={placed} />
    </div>
  );
}
