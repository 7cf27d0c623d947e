// Outbound TCP for protocols that are not HTTP.

import { PluginError, byName, labelsOf } from "./error.ts";
import { host, type TcpConnection } from "./host.ts";
import { encodeUtf8 } from "./bytes.ts";

/** The largest piece that one read asks for. */
const READ_BYTES_MAX = 64 << 10;

/** An open connection. What is left open is closed when the call ends. */
export class Connection {
  readonly #inner: TcpConnection;
  readonly #timeoutMs: number;

  private constructor(inner: TcpConnection, timeoutMs: number) {
    this.#inner = inner;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Connects; the timeout holds for this and for each later operation. `tls` is the name of a profile that the operator
   * bound, or `default`.
   */
  static open(name: string, port: number, timeoutMs: number, tls: string | null = null): Connection {
    return new Connection(host().connect(name, port, tls, timeoutMs), timeoutMs);
  }

  /**
   * Connects with options by name, as the contract lists them: `tls`, `server-name`, `ip`. An error has among its details what
   * is known of the connection, as far as it came.
   */
  static openWith(name: string, port: number, options: Record<string, string>, timeoutMs: number): Connection {
    return new Connection(host().open(name, port, labelsOf(options), timeoutMs), timeoutMs);
  }

  /** Writes all of it. */
  writeAll(data: string | Uint8Array): void {
    this.#inner.writeAll(typeof data === "string" ? encodeUtf8(data) : data, this.#timeoutMs);
  }

  /** What is there, or null when the peer closed. */
  read(): Uint8Array | null {
    const bytes = this.#inner.read(READ_BYTES_MAX, this.#timeoutMs);
    return bytes.length === 0 ? null : bytes;
  }

  /** Everything until the peer closes, at most `bytesMax`. */
  readToEnd(bytesMax: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (let piece = this.read(); piece !== null; piece = this.read()) {
      pieces.push(piece);
      length += piece.length;
      if (length > bytesMax) throw PluginError.exhausted(`the peer sent more than ${bytesMax} bytes`);
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /**
   * Speaks TLS from now on, once the peer has agreed: the name of a profile that the operator bound, or `default`.
   * `serverName` is who must show a certificate; null for the host that was connected to.
   */
  startTls(profile = "default", serverName: string | null = null): void {
    this.#inner.startTls(profile, serverName, this.#timeoutMs);
  }

  /** What is known of the connection: `address`, `resolve-ns`, `connect-ns`; with TLS `tls-ns`, `tls-version`, `tls-cipher`. */
  facts(): Record<string, string> {
    return byName(this.#inner.facts());
  }

  /** The certificates that the peer showed, in DER, its own first; none without TLS. */
  certificates(): Uint8Array[] {
    return this.#inner.certificates();
  }

  /** Closes it. */
  close(): void {
    this.#inner.close();
  }
}
