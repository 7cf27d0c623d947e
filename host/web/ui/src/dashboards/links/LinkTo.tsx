import { ActionIcon, Menu } from "@mantine/core";
import type { ReactNode } from "react";
import { Chain } from "../../components/icons";
import { Link, pageUrl } from "../../router";
import type { ResolvedLink, Target } from "./address";
import classes from "./LinkTo.module.css";

interface Props {
  link: ResolvedLink;
  className?: string | undefined;
  children: ReactNode;
}

/** A link of a dashboard: to a page of ours, to elsewhere, or nowhere, which is said. */
export function LinkTo({ link: { title, target, opensTab }, className, children }: Props) {
  if (target.type === "none")
    return (
      <span className={className} title={`${title}: ${target.problem}`}>
        {children}
        <span className="nx-hidden">: {target.problem}</span>
      </span>
    );
  if (target.type === "page" && !opensTab)
    return (
      <Link page={target.page} search={target.search} className={className} title={title}>
        {children}
      </Link>
    );
  return (
    <a href={hrefOf(target)} className={className} title={title} {...(opensTab ? { target: "_blank" } : {})} rel="noreferrer">
      {children}
    </a>
  );
}

function hrefOf(target: Exclude<Target, { type: "none" }>): string {
  return target.type === "page" ? pageUrl(target.page, target.search) : target.href;
}

/** Links as items of a menu. */
export function LinkItems({ links }: { links: readonly ResolvedLink[] }) {
  return links.map((link, index) => {
    const { title, target, opensTab } = link;
    return target.type === "none" ? (
      <Menu.Item key={index} disabled>
        {title}: {target.problem}
      </Menu.Item>
    ) : (
      <Menu.Item
        key={index}
        component="a"
        href={hrefOf(target)}
        rel="noreferrer"
        {...(opensTab ? { target: "_blank" } : {})}
      >
        {title}
      </Menu.Item>
    );
  });
}

/** A small button with links. */
export function LinkMenu({ links, name }: { links: readonly ResolvedLink[]; name: string }) {
  return (
    <Menu position="bottom-start" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={20}
          aria-label={`Links of ${name}`}
          style={{ verticalAlign: "middle" }}
        >
          <Chain />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <LinkItems links={links} />
      </Menu.Dropdown>
    </Menu>
  );
}

/** What stands for a value with its links: followed by a click, or chosen from a menu where there are several. */
export function Linked({ links, name, children }: { links: readonly ResolvedLink[]; name: string; children: ReactNode }) {
  const [first] = links;
  if (!first) return children;
  if (links.length === 1)
    return (
      <LinkTo link={first} className={classes.linked}>
        {children}
      </LinkTo>
    );
  return (
    <Menu position="bottom" shadow="md" withinPortal>
      <Menu.Target>
        <button type="button" className={`${classes.linked} ${classes.button}`} aria-label={`Links of ${name}`}>
          {children}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <LinkItems links={links} />
      </Menu.Dropdown>
    </Menu>
  );
}
