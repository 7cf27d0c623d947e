import type { ReactNode } from "react";
import { KeyValues } from "../components/KeyValues";
import { Link } from "../router";
import { ROUTES } from "../routes";

const ABOUT: Readonly<Record<string, string>> = {
  "tsdb-status": "The head, what takes the most room, blocks; deleting and copying",
  flags: "What the host was started with",
  config: "The file that is in force",
  "service-discovery": "What was found, and what relabeling made of it",
  "alertmanager-discovery": "Other Alertmanagers that are told of alerts",
};

/** The other pages of the menu, with what each is about. */
export function MoreStatus() {
  const rows = ROUTES.flatMap(({ page, title }): [string, ReactNode][] => {
    const about = ABOUT[page];
    return about === undefined ? [] : [[title, <Link page={page}>{about}</Link>]];
  });
  return <KeyValues rows={rows} />;
}
