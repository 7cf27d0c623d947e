/** The frame around every page: navigation, the page of the address, and what happens on a change of page. */
import { Suspense, useEffect, useRef } from "react";
import classes from "./App.module.css";
import { CrashBoundary } from "./components/CrashBoundary";
import { Loading } from "./components/Loading";
import { NavBar } from "./components/NavBar";
import { ReplayNotice } from "./components/ReplayNotice";
import { NotFoundPage } from "./pages/NotFoundPage";
import { navigate, useLocation } from "./router";
import { REDIRECTS, ROUTES } from "./routes";
import { useFiringCount } from "./state/firing";

export function App() {
  const { page, search } = useLocation();
  const redirect = REDIRECTS[page];
  const route = ROUTES.find((each) => each.page === page);
  const title = route?.title ?? (redirect === undefined ? "Not found" : "");
  const main = useRef<HTMLElement>(null);
  const isFirstPage = useRef(true);

  useEffect(() => {
    if (redirect !== undefined) navigate(redirect, search, { replace: true });
  }, [redirect, search]);

  useEffect(() => {
    // After a change of page the keyboard starts in the new page, not in the navigation.
    if (isFirstPage.current) {
      isFirstPage.current = redirect !== undefined;
      return;
    }
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [page, redirect]);

  const content = () => {
    if (redirect !== undefined) return null;
    if (!route) return <NotFoundPage page={page} />;
    return <route.Page />;
  };

  return (
    <>
      <a
        className={classes.skip}
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <WindowTitle title={title} />
      <NavBar page={page} />
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <ReplayNotice />
        <CrashBoundary key={page}>
          <Suspense fallback={<Loading />}>{content()}</Suspense>
        </CrashBoundary>
      </main>
    </>
  );
}

/** What the browser's tab says: how many alerts fire, and the page. */
function WindowTitle({ title }: { title: string }) {
  const firing = useFiringCount();
  useEffect(() => {
    document.title = `${firing ? `(${firing}) ` : ""}${title === "" ? "" : `${title} · `}Narthex`;
  }, [title, firing]);
  return null;
}
