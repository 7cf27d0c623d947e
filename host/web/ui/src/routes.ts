/** The table of pages: address, title, place in the navigation, code. A new page is one line here. */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";

export interface Route {
  /** The path below the base. */
  page: string;
  title: string;
  /** The menu of the navigation that the page is in; without it the page stands there itself. */
  menu?: string;
  Page: LazyExoticComponent<ComponentType>;
}

export const ROUTES: readonly Route[] = [
  { page: "query", title: "Query", Page: lazy(() => import("./pages/QueryPage")) },
  { page: "dashboards", title: "Dashboards", Page: lazy(() => import("./pages/DashboardsPage")) },
  { page: "alerts", title: "Alerts", Page: lazy(() => import("./pages/AlertsPage")) },
  { page: "groups", title: "Groups", Page: lazy(() => import("./pages/GroupsPage")) },
  { page: "silences", title: "Silences", Page: lazy(() => import("./pages/SilencesPage")) },
  { page: "routing", title: "Routing", Page: lazy(() => import("./pages/RoutingPage")) },
  { page: "rules", title: "Rules", Page: lazy(() => import("./pages/RulesPage")) },
  { page: "targets", title: "Targets", Page: lazy(() => import("./pages/TargetsPage")) },
  { page: "plugins", title: "Plugins", Page: lazy(() => import("./pages/PluginsPage")) },
  { page: "status", title: "Build and runtime", menu: "Status", Page: lazy(() => import("./pages/StatusPage")) },
  { page: "tsdb-status", title: "Store", menu: "Status", Page: lazy(() => import("./pages/StorePage")) },
  { page: "cost", title: "Cost", menu: "Status", Page: lazy(() => import("./pages/CostPage")) },
  { page: "flags", title: "Flags", menu: "Status", Page: lazy(() => import("./pages/FlagsPage")) },
  { page: "config", title: "Configuration", menu: "Status", Page: lazy(() => import("./pages/ConfigPage")) },
  { page: "service-discovery", title: "Service discovery", menu: "Status", Page: lazy(() => import("./pages/DiscoveryPage")) },
  {
    page: "alertmanager-discovery",
    title: "Alertmanager discovery",
    menu: "Status",
    Page: lazy(() => import("./pages/AlertmanagersPage")),
  },
];

/** Addresses of Prometheus' pages that have another name here. */
export const REDIRECTS: Readonly<Record<string, string>> = {
  "": "query",
  graph: "query",
};
