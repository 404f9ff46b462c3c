/** A file server on loopback: folders by their first path segment, text by its whole path. Nothing else is served. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
};

export interface Site {
  /** `http://127.0.0.1:40123`, without a slash at the end. */
  readonly origin: string;
  close(): Promise<void>;
}

interface Html {
  readonly html: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** With these a page may share memory with its workers, whose scripts must come with them, too. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
} as const;

/**
 * `content`: the path of a folder, or `{ html }` for a page by its path, such as `/plain.html`. `headers` come with all that is
 * served.
 */
export async function serve(
  content: Readonly<Record<string, string | Html>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const page = content[path];
    if (typeof page === "object") {
      response.writeHead(200, { ...headers, "content-type": TYPES[".html"], ...page.headers }).end(page.html);
      return;
    }
    const [, first = "", ...rest] = path.split("/");
    const folder = content[`/${first}`];
    const file = typeof folder === "string" ? join(folder, normalize(join(sep, ...rest))) : "";
    if (file === "" || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end("not found");
      return;
    }
    response.writeHead(200, {
      ...headers,
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
