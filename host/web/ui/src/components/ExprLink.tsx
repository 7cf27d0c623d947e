import { EMPTY_PANEL } from "../query/panel";
import { encodePanels } from "../query/urlState";
import { Link } from "../router";
import classes from "./ExprLink.module.css";

/** An expression that leads to its graph. */
export function ExprLink({ expr }: { expr: string }) {
  return (
    <Link page="query" search={encodePanels([{ ...EMPTY_PANEL, expr, tab: "graph" }])} className={classes.expr} title="Show on the query page">
      {expr}
    </Link>
  );
}
