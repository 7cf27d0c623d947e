/**
 * The smallest router that serves: one path, one search string, over the History API. Paths are
 * relative to the document's base, so "query" is the page both of `/query` and of `/prefix/query`.
 */
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

export interface Location {
  /** The page below the base, without slashes at either end. */
  page: string;
  /** With the leading "?", or empty. */
  search: string;
}

/** Tells which page an address names. Pure. */
export function pageOf(baseUrl: string, url: string): string {
  const base = new URL(".", baseUrl).pathname;
  const path = new URL(url, baseUrl).pathname;
  const below = path.startsWith(base) ? path.slice(base.length) : path;
  return below.replace(/^\/+|\/+$/g, "");
}

const listeners = new Set<() => void>();
let current = read();

function read(): Location {
  if (typeof window === "undefined") return { page: "", search: "" };
  return {
    page: pageOf(document.baseURI, window.location.href),
    search: window.location.search,
  };
}

function announce(): void {
  current = read();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("popstate", announce);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("popstate", announce);
  };
}

export function useLocation(): Location {
  return useSyncExternalStore(subscribe, () => current);
}

/** The absolute address of a page, with an optional search string. */
export function pageUrl(page: string, search = ""): string {
  const base = new URL(".", document.baseURI).pathname;
  return `${base}${page}${search}`;
}

/** Goes to a page. `replace` keeps the browser's history as long as it is. */
export function navigate(page: string, search = "", options: { replace?: boolean } = {}): void {
  const url = pageUrl(page, search);
  if (url === window.location.pathname + window.location.search) return;
  if (options.replace) window.history.replaceState(null, "", url);
  else window.history.pushState(null, "", url);
  announce();
}

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  page: string;
  search?: string;
}

/** A link inside the UI. A real anchor: it opens in a new tab, copies and prints as any other. */
export function Link({ page, search = "", onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (event.defaultPrevented || !isPlain) return;
    event.preventDefault();
    navigate(page, search);
  };
  return <a href={pageUrl(page, search)} onClick={follow} {...rest} />;
}

/** One parameter of the search string, kept in place as the user types. The empty value leaves the address. */
export function useSearchParam(name: string): [string, (value: string) => void] {
  const { page, search } = useLocation();
  const set = (value: string) => {
    const params = new URLSearchParams(search);
    if (value === "") params.delete(name);
    else params.set(name, value);
    const text = params.toString();
    navigate(page, text === "" ? "" : `?${text}`, { replace: true });
  };
  return [new URLSearchParams(search).get(name) ?? "", set];
}
