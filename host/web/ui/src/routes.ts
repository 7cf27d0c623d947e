/** The table of pages: address, title, place in the navigation, code. A new page is one line here. */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";

export interface Route {
  /** The path below the base. */
  page: string;
  title: string;
  Page: LazyExoticComponent<ComponentType>;
}

export const ROUTES: readonly Route[] = [
  { page: "query", title: "Query", Page: lazy(() => import("./pages/QueryPage")) },
  { page: "alerts", title: "Alerts", Page: lazy(() => import("./pages/AlertsPage")) },
  { page: "rules", title: "Rules", Page: lazy(() => import("./pages/RulesPage")) },
  { page: "targets", title: "Targets", Page: lazy(() => import("./pages/TargetsPage")) },
  { page: "plugins", title: "Plugins", Page: lazy(() => import("./pages/PluginsPage")) },
  { page: "status", title: "Status", Page: lazy(() => import("./pages/StatusPage")) },
];

/** Addresses of Prometheus' pages, and where their content is here. */
export const REDIRECTS: Readonly<Record<string, string>> = {
  "": "query",
  graph: "query",
  config: "status",
  "tsdb-status": "status",
};
