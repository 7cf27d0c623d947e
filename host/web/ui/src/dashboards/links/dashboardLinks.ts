/** The links at the top of a dashboard. Pure. */
import type { DashboardEntry } from "../../dashboardApi";
import type { DashboardLink } from "../model";
import { interpolateText } from "../variables/scope";
import { dashboardPage, resolveLink, timeParameters, variableParameters, type LinkContext, type ResolvedLink } from "./address";

/** One link, or one that opens a list. */
export interface LinkEntry {
  title: string;
  tooltip: string;
  isDropdown: boolean;
  links: ResolvedLink[];
}

export function linkEntries(
  links: readonly DashboardLink[],
  context: LinkContext,
  all: readonly DashboardEntry[],
  ownUid: string,
): LinkEntry[] {
  return links.flatMap((link): LinkEntry[] => {
    const title = interpolateText(link.title, context.scope);
    if (link.kind === "link") {
      const resolved = resolveLink({ ...link, url: withParameters(link.url, link, context) }, context);
      return [{ title: title || link.url, tooltip: link.tooltip, isDropdown: false, links: [{ ...resolved, title: title || link.url }] }];
    }
    const found = all
      .filter((each) => each.error === null && each.uid !== ownUid && link.tags.every((tag) => each.tags.includes(tag)))
      .map((each): ResolvedLink => ({
        title: each.title,
        target: dashboardPage(each.uid, parameters(link, context).join("&")),
        opensTab: link.opensTab,
      }));
    if (link.isDropdown) return [{ title: title || link.tags.join(", ") || "Dashboards", tooltip: link.tooltip, isDropdown: true, links: found }];
    return found.map((each) => ({ title: each.title, tooltip: "", isDropdown: false, links: [each] }));
  });
}

function withParameters(url: string, link: DashboardLink, context: LinkContext): string {
  const added = [...(link.keepsTime ? ["${__url_time_range}"] : []), ...(link.keepsVariables && context.variables.length > 0 ? ["${__all_variables}"] : [])];
  if (added.length === 0) return url;
  const [, path = "", fragment = ""] = /^([^#]*)(#.*)?$/s.exec(url) ?? [];
  return `${path}${path.includes("?") ? "&" : "?"}${added.join("&")}${fragment}`;
}

function parameters({ keepsTime, keepsVariables }: DashboardLink, context: LinkContext): string[] {
  return [...(keepsTime ? [timeParameters(context)] : []), ...(keepsVariables ? [variableParameters(context)] : [])].filter(
    (part) => part !== "",
  );
}
