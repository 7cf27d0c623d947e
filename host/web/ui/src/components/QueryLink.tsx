import type { ReactNode } from "react";
import { EMPTY_PANEL } from "../query/panel";
import { encodePanels } from "../query/urlState";
import { Link } from "../router";

/** A name that leads to a query about it. */
export function QueryLink({ expr, children }: { expr: string; children: ReactNode }) {
  return (
    <Link
      page="query"
      search={encodePanels([{ ...EMPTY_PANEL, expr }])}
      title={expr}
      style={{ fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 }}
    >
      {children}
    </Link>
  );
}
