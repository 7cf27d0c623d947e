import { Menu } from "@mantine/core";
import { navEntries } from "../navigation";
import { NotificationBell } from "../notifications/NotificationBell";
import { Link } from "../router";
import { ROUTES, type Route } from "../routes";
import { ChevronDown } from "./icons";
import { Logo } from "./Logo";
import classes from "./NavBar.module.css";
import { SettingsMenu } from "./SettingsMenu";

interface Props {
  /** The page that is shown. */
  page: string;
  /** How many alerts fire; null while unknown. */
  firing: number | null;
}

const ENTRIES = navEntries(ROUTES);

export function NavBar({ page, firing }: Props) {
  return (
    <header className={classes.bar}>
      <div className={classes.inner}>
        <Link page="query" className={classes.brand} aria-label="Narthex, to the query page">
          <Logo />
          <span className={classes.name}>Narthex</span>
        </Link>
        <nav aria-label="Pages" className={classes.nav}>
          {ENTRIES.map((entry) =>
            entry.menu === null ? (
              entry.pages.map((route) => <PageLink key={route.page} route={route} page={page} firing={firing} />)
            ) : (
              <PagesMenu key={entry.menu} title={entry.menu} routes={entry.pages} page={page} />
            ),
          )}
        </nav>
        <NotificationBell />
        <SettingsMenu />
      </div>
    </header>
  );
}

function PageLink({ route, page, firing }: Props & { route: Route }) {
  return (
    <Link page={route.page} className={classes.link} aria-current={route.page === page ? "page" : undefined}>
      {route.title}
      {route.page === "alerts" && firing !== null && firing > 0 && (
        <span className={classes.firing}>
          {firing}
          <span className="nx-hidden"> firing</span>
        </span>
      )}
    </Link>
  );
}

function PagesMenu({ title, routes, page }: { title: string; routes: readonly Route[]; page: string }) {
  const isHere = routes.some((route) => route.page === page);
  return (
    <Menu position="bottom-start" shadow="md" offset={2} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button type="button" className={classes.link} aria-current={isHere ? "true" : undefined}>
          {title}
          <ChevronDown />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {routes.map((route) => (
          <Menu.Item
            key={route.page}
            component={Link}
            page={route.page}
            fw={route.page === page ? 650 : 400}
            aria-current={route.page === page ? "page" : undefined}
          >
            {route.title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
