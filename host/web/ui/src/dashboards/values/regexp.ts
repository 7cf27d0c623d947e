/** Regular expressions as Grafana writes them: "/re/flags", or bare. Pure. */

/** Null where the browser cannot read it. */
export function toRegExp(text: string): RegExp | null {
  const [, body, flags] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    // The state that "g" and "y" keep between calls is never wanted.
    return body === undefined ? new RegExp(`^${text}$`) : new RegExp(body, (flags ?? "").replace(/[gy]/g, ""));
  } catch {
    return null;
  }
}
