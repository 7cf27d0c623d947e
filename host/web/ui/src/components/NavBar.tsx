import { Menu } from "@mantine/core";
import { Fragment } from "react";
import { navEntries } from "../navigation";
import { NotificationBell } from "../notifications/NotificationBell";
import { Link } from "../router";
import { ROUTES, type Route } from "../routes";
import { useFiringCount } from "../state/firing";
import { ChevronDown } from "./icons";
import { Logo } from "./Logo";
import classes from "./NavBar.module.css";
import { SettingsMenu } from "./SettingsMenu";

interface Props {
  /** The page that is shown. */
  page: string;
}

const ENTRIES = navEntries(ROUTES);

export function NavBar({ page }: Props) {
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
              entry.pages.map((route) => <PageLink key={route.page} route={route} page={page} />)
            ) : (
              <PagesMenu key={entry.menu} title={entry.menu} routes={entry.pages} page={page} />
            ),
          )}
        </nav>
        <AllPagesMenu page={page} />
        <NotificationBell />
        <SettingsMenu />
      </div>
    </header>
  );
}

function PageLink({ route, page }: Props & { route: Route }) {
  return (
    <Link page={route.page} className={classes.link} aria-current={route.page === page ? "page" : undefined}>
      {route.title}
      {route.page === "alerts" && <FiringCount />}
    </Link>
  );
}

function PagesMenu({ title, routes, page }: { title: string; routes: readonly Route[]; page: string }) {
  const isHere = routes.some((route) => route.page === page);
  return (
    <Menu {...MENU_LOOK}>
      <Menu.Target>
        <button type="button" className={classes.link} aria-current={isHere ? "true" : undefined}>
          {title}
          <ChevronDown />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {routes.map((route) => (
          <PageItem key={route.page} route={route} page={page} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** All pages behind one button, where there is no room for a row of them. */
function AllPagesMenu({ page }: Props) {
  const title = ROUTES.find((route) => route.page === page)?.title ?? "Pages";
  return (
    <nav aria-label="All pages" className={classes.all}>
      <Menu {...MENU_LOOK}>
        <Menu.Target>
          <button type="button" className={classes.link}>
            <span className="nx-hidden">Pages, now </span>
            <span className={classes.title}>{title}</span>
            {page !== "alerts" && <FiringCount />}
            <ChevronDown />
          </button>
        </Menu.Target>
        <Menu.Dropdown mah="80vh" style={{ overflowY: "auto" }}>
          {ENTRIES.map((entry) => (
            <Fragment key={entry.menu ?? entry.pages[0]?.page}>
              {entry.menu !== null && <Menu.Label>{entry.menu}</Menu.Label>}
              {entry.pages.map((route) => (
                <PageItem key={route.page} route={route} page={page} />
              ))}
            </Fragment>
          ))}
        </Menu.Dropdown>
      </Menu>
    </nav>
  );
}

const MENU_LOOK = { position: "bottom-start", shadow: "md", offset: 2, withInitialFocusPlaceholder: false } as const;

function PageItem({ route, page }: { route: Route; page: string }) {
  const isHere = route.page === page;
  return (
    <Menu.Item component={Link} page={route.page} fw={isHere ? 650 : 400} aria-current={isHere ? "page" : undefined}>
      {route.title}
    </Menu.Item>
  );
}

function FiringCount() {
  const firing = useFiringCount();
  if (firing === null || firing === 0) return null;
  return (
    <span className={classes.firing}>
      {firing}
      <span className="nx-hidden"> firing</span>
    </span>
  );
}
