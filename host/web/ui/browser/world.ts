/** What the drive is told: where the host is, which browser drives it, and where pictures go. */

/** The host, without a slash at its end. It has what tests/e2e/tests/browser configures. */
export const HOST = told("NARTHEX_URL", "http://127.0.0.1:9090").replace(/\/$/, "");

export const CHROMIUM = told("NARTHEX_CHROMIUM", "/usr/bin/chromium");

/** A folder; pictures of pages and of failures. */
export const SCREENSHOTS = told("NARTHEX_SCREENSHOTS", "node_modules/.screenshots");

function told(name: string, otherwise: string): string {
  const value: unknown = import.meta.env[name];
  return typeof value === "string" && value !== "" ? value : otherwise;
}
