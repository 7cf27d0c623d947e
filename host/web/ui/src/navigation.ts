/** The navigation: pages that stand alone, and menus of pages, in the order of the table. Pure. */

/** What the navigation needs to know of a page. */
export interface NavPage {
  page: string;
  title: string;
  menu?: string;
}

/** A page of its own has no `menu`. */
export interface NavEntry<P> {
  menu: string | null;
  pages: P[];
}

export function navEntries<P extends NavPage>(pages: readonly P[]): NavEntry<P>[] {
  const entries: NavEntry<P>[] = [];
  for (const page of pages) {
    const menu = page.menu ?? null;
    const open = menu === null ? undefined : entries.find((entry) => entry.menu === menu);
    if (open) open.pages.push(page);
    else entries.push({ menu, pages: [page] });
  }
  return entries;
}
