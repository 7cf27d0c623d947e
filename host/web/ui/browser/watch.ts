/** What a page does wrong while it is driven: errors it logs or throws, requests that fail or leave the host. */
import type { BrowserContext } from "playwright-core";

export class Watch {
  private readonly complaints: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(context: BrowserContext, host: string) {
    const origin = new URL(host).origin;
    context.on("console", (message) => {
      if (message.type() === "error") this.complain(`the console says: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.complain(`the page threw: ${error.error().stack ?? error.error().message}`));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== origin) this.complain(`it asks another host: ${url.href}`);
    });
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // Pages give up what they do not need any more.
      if (why !== "net::ERR_ABORTED") this.complain(`${request.method()} ${request.url()} failed: ${why}`);
    });
  }

  /** What the test itself brings about. */
  expects(trouble: RegExp): void {
    this.expected.push(trouble);
  }

  /** All that was wrong so far. */
  all(): readonly string[] {
    return this.complaints;
  }

  private complain(text: string): void {
    if (!this.expected.some((trouble) => trouble.test(text))) this.complaints.push(text);
  }
}
