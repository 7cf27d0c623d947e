import { Button, Group, Menu } from "@mantine/core";
import { ChevronDown } from "../../components/icons";
import type { LinkEntry } from "./dashboardLinks";
import { LinkItems, LinkTo } from "./LinkTo";
import classes from "./LinkBar.module.css";

/** The links at the top of a dashboard. */
export function LinkBar({ entries }: { entries: readonly LinkEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <nav aria-label="Links of this dashboard">
      <Group gap="xs" mb="sm">
        {entries.map((entry, index) => (
          <Entry key={index} entry={entry} />
        ))}
      </Group>
    </nav>
  );
}

function Entry({ entry: { title, tooltip, isDropdown, links } }: { entry: LinkEntry }) {
  const [first] = links;
  if (!isDropdown)
    return first ? (
      <LinkTo link={tooltip === "" ? first : { ...first, title: tooltip }} className={classes.link}>
        {title}
      </LinkTo>
    ) : null;
  return (
    <Menu position="bottom-start" shadow="md" withinPortal>
      <Menu.Target>
        <Button size="compact-xs" variant="default" rightSection={<ChevronDown />} {...(tooltip ? { title: tooltip } : {})}>
          {title}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={400} style={{ overflowY: "auto" }}>
        {links.length === 0 ? <Menu.Item disabled>No other dashboard has these tags.</Menu.Item> : <LinkItems links={links} />}
      </Menu.Dropdown>
    </Menu>
  );
}
