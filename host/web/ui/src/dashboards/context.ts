/** What all panels of a dashboard share. */
import { createContext, use } from "react";
import type { AnnotationEvent } from "./data/annotations";
import type { Asked } from "./data/queries";
import type { LinkContext } from "./links/address";
import type { AdhocFilter } from "./model";
import type { TimeRange } from "./range";
import type { DisplayContext } from "./values/display";

export interface DashboardContext {
  range: TimeRange;
  asked: Asked;
  /** How often the host scrapes. */
  scrapeMs: number;
  filters: readonly AdhocFilter[];
  display: DisplayContext;
  /** What happened, to be drawn over graphs. */
  events: readonly AnnotationEvent[];
  /** What links take along, and where they may lead. */
  links: Pick<LinkContext, "variables" | "rangeText" | "dashboards">;
  /** Graphs with this key show the pointer's time together; null where each is alone. */
  syncKey: string | null;
  onZoom: (fromMs: number, toMs: number) => void;
  /** Shows one panel alone, or all again. */
  onEnlarge: (key: string | null) => void;
  /** The key of the panel that is shown alone. */
  enlarged: string | null;
}

export const SharedContext = createContext<DashboardContext | null>(null);

export function useDashboard(): DashboardContext {
  const context = use(SharedContext);
  if (!context) throw new Error("A panel stands outside of a dashboard.");
  return context;
}
