import { ActionIcon, Menu } from "@mantine/core";
import type { ReactNode } from "react";
import { Dots, Info, Warning } from "../../components/icons";
import { EMPTY_PANEL } from "../../query/panel";
import { encodePanels } from "../../query/urlState";
import { pageUrl } from "../../router";
import { useDashboard } from "../context";
import type { PanelData } from "../data/ask";
import type { PanelQuery } from "../data/queries";
import { LinkMenu } from "../links/LinkTo";
import { useLinks } from "../links/useLinks";
import type { ValueLink } from "../model";
import { Note } from "./Note";
import classes from "./PanelFrame.module.css";

interface Props {
  panelKey: string;
  title: string;
  description: string;
  isTransparent: boolean;
  isLoading: boolean;
  /** What is not as it should be, though something is shown. */
  notes: readonly string[];
  queries: readonly PanelQuery[];
  links: readonly ValueLink[];
  children: ReactNode;
}

/** The frame of a panel: its title, what is to be known about it, and what can be done with it. */
export function PanelFrame({
  panelKey,
  title,
  description,
  isTransparent,
  isLoading,
  notes,
  queries,
  links,
  children,
}: Props) {
  const { enlarged, onEnlarge } = useDashboard();
  const resolved = useLinks()(links);
  const name = title || "Panel without a title";
  return (
    <section className={`${classes.panel} ${isTransparent ? classes.transparent : ""}`} aria-label={name}>
      <header className={classes.head}>
        <h3 className={classes.title} title={title}>
          {title}
        </h3>
        {description !== "" && <Note icon={<Info />} label={`About ${name}`} lines={[description]} />}
        {resolved.length > 0 && <LinkMenu links={resolved} name={name} />}
        <div className={classes.tools}>
          {isLoading && <span className={classes.loading} role="status" aria-label={`${name} is loading`} />}
          {notes.length > 0 && <Note icon={<Warning />} label={`Notes on ${name}`} lines={notes} />}
          <Menu position="bottom-end" shadow="md" withinPortal>
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={22}
                className={classes.menu ?? ""}
                aria-label={`Menu of ${name}`}
              >
                <Dots />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => onEnlarge(enlarged === panelKey ? null : panelKey)}>
                {enlarged === panelKey ? "Show all panels" : "Show this panel alone"}
              </Menu.Item>
              {queries.length > 0 && (
                <Menu.Item component="a" href={pageUrl("query", querySearch(queries))}>
                  Open on the query page
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        </div>
      </header>
      <div className={classes.body}>{children}</div>
    </section>
  );
}

/** The targets as panels of the query page, at the same time. */
function querySearch(queries: readonly PanelQuery[]): string {
  return encodePanels(
    queries.map(({ expr, isInstant, startMs, endMs, stepMs }) => ({
      ...EMPTY_PANEL,
      expr,
      tab: isInstant ? "table" : "graph",
      ...(isInstant
        ? { moment: endMs }
        : { end: endMs, rangeMs: endMs - startMs, resolution: { type: "fixed", stepMs } }),
    })),
  );
}

/** What a panel tells of answers that are not whole. */
export function notesOf(
  data: Pick<PanelData, "errors"> | undefined,
  others: readonly string[],
): string[] {
  if (!data) return [...others];
  return [...data.errors.map(({ refId, message }) => `${refId}: ${message}`), ...others];
}
