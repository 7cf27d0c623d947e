import { Link } from "../router";
import { ROUTES } from "../routes";
import { Logo } from "./Logo";
import classes from "./NavBar.module.css";
import { SettingsMenu } from "./SettingsMenu";

interface Props {
  /** The page that is shown. */
  page: string;
  /** How many alerts fire; null while unknown. */
  firing: number | null;
}

export function NavBar({ page, firing }: Props) {
  return (
    <header className={classes.bar}>
      <div className={classes.inner}>
        <Link page="query" className={classes.brand} aria-label="Narthex, to the query page">
          <Logo />
          <span className={classes.name}>Narthex</span>
        </Link>
        <nav aria-label="Pages" className={classes.nav}>
          {ROUTES.map((route) => (
            <Link
              key={route.page}
              page={route.page}
              className={classes.link}
              aria-current={route.page === page ? "page" : undefined}
            >
              {route.title}
              {route.page === "alerts" && firing !== null && firing > 0 && (
                <span className={classes.firing}>
                  {firing}
                  <span className="nx-hidden"> firing</span>
                </span>
              )}
            </Link>
          ))}
        </nav>
        <SettingsMenu />
      </div>
    </header>
  );
}
