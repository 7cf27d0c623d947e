/**
 * Serves dist/ as the host does and passes API calls on to another server that speaks the API, such as
 * a Prometheus: `npm run serve -- http://127.0.0.1:9090 [port] [prefix]`. Plugins, which only Narthex
 * has, come from plugins.json where the other server has none.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const [upstream = "http://127.0.0.1:9090", port = "4173", prefix = "/"] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "../dist");
/** The strictest policy that the pages work under; README.md names it to whoever serves them. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

createServer(async (request, response) => {
  try {
    const path = (request.url ?? "/").replace(prefix, "/");
    if (/^\/(api|-)\/|^\/metrics/.test(path)) await pass(path, request, response);
    else await file(path, response);
  } catch (error) {
    response.writeHead(502).end(String(error));
  }
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}${prefix} -> ${upstream}`));

async function pass(path, request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const hasBody = chunks.length > 0;
  const answer = await fetch(upstream + path, {
    method: request.method,
    headers: hasBody ? { "content-type": request.headers["content-type"] ?? "" } : {},
    ...(hasBody ? { body: Buffer.concat(chunks) } : {}),
  });
  if (answer.status === 404 && path.startsWith("/api/v1/plugins")) {
    response.writeHead(200, { "content-type": "application/json" }).end(await readFile(join(here, "plugins.json")));
    return;
  }
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
  if (answer.body === null) response.end();
  // Passed on piece by piece: some answers have no end.
  else await pipeline(Readable.fromWeb(answer.body), response).catch(() => response.destroy());
}

async function file(path, response) {
  const name = normalize(new URL(path, "http://host").pathname);
  const extension = extname(name);
  if (extension in TYPES) {
    response.writeHead(200, { "content-type": TYPES[extension] }).end(await readFile(join(dist, name)));
    return;
  }
  const index = await readFile(join(dist, "index.html"));
  response.writeHead(200, { "content-type": TYPES[".html"], "content-security-policy": POLICY });
  response.end(index);
}
