/**
 * Serves the studio to this machine alone. Every address that is served is an entry of a table made of the page's files and
 * the project's: no path of a request ever becomes a path on disk.
 */
import { readFile, realpath } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import type { Published } from "../data/published.ts";
import { writeFiles } from "../write.ts";
import { type Files, pageFiles, projectAssets, projectJson } from "./page.ts";
import { mayRead, type ProjectFiles } from "./project.ts";
import { fetchSet, servedSets, setFile, setNamed } from "./sets.ts";

export interface StudioServer {
  /** `http://127.0.0.1:8423/` */
  readonly url: string;
  /** Tells the pages that files of the project have changed. */
  changed(): void;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** As it is now: it is asked anew for every request. */
  readonly project: () => ProjectFiles;
  /** Default: 8423 if it is free, else any. Where one is named it must be free. */
  readonly port?: number | undefined;
}

const usualPort = 8423;
/** Bytes of a file that is saved. */
const largest = 2 ** 20;
/** Pages that listen for changes. */
const mostListeners = 64;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/**
 * Models run in the page and its worker as modules made on the spot (blob:), and can reach nothing but this server.
 * The editor writes its styles into the page. Opener and embedder policies give the page a precise clock, and
 * WebAssembly its threads.
 */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self' blob: 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "connect-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Throws `UserError` where the port is taken. */
export async function serveStudio({ project, port }: ServerOptions): Promise<StudioServer> {
  const page = pageFiles();
  const listeners = new Set<ServerResponse>();
  let hosts: ReadonlySet<string> = new Set();
  const server = createServer((request, response) => {
    answer({ request, response, page, project: project(), hosts, listeners }).catch(() => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "the studio's server failed");
    });
  });
  const taken = await listen(server, port);
  hosts = new Set(["127.0.0.1", "localhost"].map((name) => `${name}:${taken}`));
  return {
    url: `http://127.0.0.1:${taken}/`,
    changed() {
      const { files } = JSON.parse(projectJson(project(), true));
      for (const listener of listeners) listener.write(`data: ${JSON.stringify(files)}\n\n`);
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, port: number | undefined): Promise<number> {
  const attempt = (wanted: number): Promise<void> =>
    new Promise((ready, failed) => {
      server.once("error", failed);
      server.listen(wanted, "127.0.0.1", () => {
        server.off("error", failed);
        ready();
      });
    });
  try {
    await attempt(port ?? usualPort);
  } catch (error) {
    if (port !== undefined)
      throw new UserError({
        problem: `cannot listen on port ${port}: ${reason(error)}`,
        fix: "another port, or none: then a free one is taken",
      });
    await attempt(0);
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "EADDRINUSE") return "it is taken";
  if (code === "EACCES") return "permission is denied";
  return error instanceof Error ? error.message : String(error);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly page: Files;
  readonly project: ProjectFiles;
  readonly hosts: ReadonlySet<string>;
  readonly listeners: Set<ServerResponse>;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, project, hosts, listeners } = exchange;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // A name that leads to 127.0.0.1 but is not this machine's would let another site read this one (DNS rebinding).
  if (!hosts.has(request.headers.host ?? ""))
    return refuse(response, 421, "this server is at 127.0.0.1 alone");
  const address = addressOf(request);
  if (address === "save" && project.editable) {
    if (request.method !== "POST") return refuse(response, 405, "POST alone", "POST");
    return save(exchange);
  }
  const wanted = request.method === "POST" ? setNamed(address) : undefined;
  if (wanted) {
    if (!isOwn(exchange)) return refuse(response, 403, "the studio's own page alone may ask for data");
    return get(wanted, response);
  }
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(response, 405, "GET and HEAD alone", "GET, HEAD");
  if (address === "project.json")
    return send(response, ".json", projectJson(project, project.editable, await servedSets()));
  if (address.startsWith("data/")) return sendSet(response, await setFile(address));
  if (address === "changes" && request.method === "GET") return listenFor(response, listeners);
  const file = exchange.page.get(address || "index.html") ?? projectAssets(project).get(address);
  if (file === undefined) return refuse(response, 404, "there is nothing here");
  send(response, extname(file).toLowerCase(), await readFile(file));
}

/** The decoded path without its first slash; one that cannot be decoded is nobody's. */
function addressOf({ url = "/" }: IncomingMessage): string {
  const path = url.split(/[?#]/, 1)[0] ?? "/";
  try {
    return decodeURIComponent(path).replace(/^\//, "");
  } catch {
    return "\0";
  }
}

function send(response: ServerResponse, extension: string, body: string | Uint8Array): void {
  response.setHeader("content-type", types[extension] ?? "application/octet-stream");
  response.end(body); // Node leaves the body out for HEAD
}

function refuse(response: ServerResponse, status: number, text: string, allow?: string): void {
  if (allow !== undefined) response.setHeader("allow", allow);
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

function listenFor(response: ServerResponse, listeners: Set<ServerResponse>): void {
  if (listeners.size >= mostListeners) {
    refuse(response, 503, "too many pages are open");
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": the project's files follow whenever one of them changes\n\n");
  listeners.add(response);
  response.on("close", () => listeners.delete(response));
}

/** Whether the page of this server asks. */
function isOwn({ request, hosts }: Exchange): boolean {
  const { origin, "sec-fetch-site": site } = request.headers;
  const own =
    [...hosts].some((host) => origin === `http://${host}`) && origin === `http://${request.headers.host}`;
  return own && (site === undefined || site === "same-origin");
}

/** A file of a data set, whose addresses are those of a table. */
async function sendSet(response: ServerResponse, file: string | undefined): Promise<void> {
  if (file === undefined) return refuse(response, 404, "there is nothing here");
  send(response, ".gz", await readFile(file));
}

/** Downloads a data set, as `weft data` does. */
async function get(set: Published, response: ServerResponse): Promise<void> {
  try {
    await fetchSet(set);
  } catch (error) {
    return refuse(response, 502, error instanceof Error ? error.message : String(error));
  }
  response.writeHead(204).end();
}

/** Writes one of the project's sources, whole or not at all. The page of this server alone may ask for it. */
async function save(exchange: Exchange): Promise<void> {
  const { request, response, project } = exchange;
  const type = request.headers["content-type"];
  if (!isOwn(exchange)) return refuse(response, 403, "the studio's own page alone may save");
  if (type !== "application/json") return refuse(response, 415, "application/json alone");
  const body = await readBody(request);
  if (body === undefined) return refuse(response, 413, `a model file holds at most ${largest} bytes`);
  const wanted = parse(body);
  if (!wanted) return refuse(response, 400, "a path and a text are wanted");
  const file = project.sources.get(wanted.path);
  if (file === undefined || !mayRead(project, file))
    return refuse(response, 404, "this is not a file of the model's");
  try {
    // Through a link to the file itself: a rename would put a file in the link's place.
    await writeFiles([[await realpath(file), wanted.text]]);
  } catch (error) {
    return refuse(response, 500, error instanceof Error ? error.message : String(error));
  }
  response.writeHead(204).end();
}

/** The body as text; undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes: Uint8Array = part;
    size += bytes.length;
    if (size > largest) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parse(body: string): { readonly path: string; readonly text: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || !("path" in value) || !("text" in value))
      return undefined;
    const { path, text } = value;
    return typeof path === "string" && typeof text === "string" ? { path, text } : undefined;
  } catch {
    return undefined;
  }
}
