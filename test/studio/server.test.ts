/** The studio's server: who may ask, what is served, what is written. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { projectFiles } from "../../cli/studio/project.ts";
import { type StudioServer, serveStudio } from "../../cli/studio/server.ts";
import { readSafetensors } from "../../contract/weights.ts";
import { root, scratch, weft } from "../cli/weft.ts";
import { file, int, node, weight } from "../onnx/file.ts";

const source = 'import { block } from "./parts/block.ts";\nexport default block;\n';
const secret = "a secret outside the project";

let folder = "";
let outside = "";
let server: StudioServer;
let host = "";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** fetch() normalises paths and sets Host itself: this sends what it is told. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on("error", reject).end(body);
  });
}

beforeAll(async () => {
  outside = scratch();
  writeFileSync(join(outside, "secret.ts"), `export const secret = ${JSON.stringify(secret)};`);
  writeFileSync(join(outside, "secret.png"), secret);
  folder = scratch();
  mkdirSync(join(folder, "models/parts"), { recursive: true });
  mkdirSync(join(folder, "models/samples"));
  writeFileSync(join(folder, "models/net.ts"), source);
  writeFileSync(
    join(folder, "models/parts/block.ts"),
    'export { a } from "../../linked.ts"; import "../../../secret.ts"; import "/etc/passwd"; export const block = 1;',
  );
  writeFileSync(join(folder, "models/other.ts"), "not imported");
  writeFileSync(join(folder, "models/samples/one.png"), "picture");
  symlinkSync(join(outside, "secret.ts"), join(folder, "linked.ts"));
  symlinkSync(join(outside, "secret.png"), join(folder, "models/samples/two.png"));
  const project = projectFiles({ model: "models/net.ts", cwd: folder });
  server = await serveStudio({ project: () => project, port: 0 });
  host = new URL(server.url).host;
});
afterAll(() => server?.close());

describe("data sets", () => {
  const kept = process.env["WEFT_DATA"];
  const names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"];
  beforeAll(() => {
    const data = scratch();
    mkdirSync(join(data, "fashion-mnist"));
    for (const name of names) writeFileSync(join(data, "fashion-mnist", name), `the bytes of ${name}`);
    writeFileSync(join(data, "fashion-mnist", "secret.txt"), secret);
    process.env["WEFT_DATA"] = data;
  });
  afterAll(() => {
    if (kept === undefined) Reflect.deleteProperty(process.env, "WEFT_DATA");
    else process.env["WEFT_DATA"] = kept;
  });
  const get = (path: string) => ask(path, { headers: { host } });

  test("of a folder that is known are offered and served, by their files' names alone", async () => {
    const { sets } = JSON.parse((await get("/project.json")).body);
    expect(sets.map((s: { name: string }) => s.name)).toEqual(["fashion-mnist", "mnist"]);
    expect(sets[0]).toEqual({ name: "fashion-mnist", here: true, bytes: 30_878_645 });
    const [name = ""] = names;
    expect(await get(`/data/fashion-mnist/${name}`)).toMatchObject({
      status: 200,
      body: `the bytes of ${name}`,
    });
    for (const path of [
      "/data/fashion-mnist/secret.txt",
      "/data/fashion-mnist/../../secret.ts",
      "/data/fashion-mnist/%2e%2e%2fsecret.txt",
      "/data/fashion-mnist/",
      "/data/fashion-mnist",
      "/data/other/train-images-idx3-ubyte.gz",
      `/data/fashion-mnist/x/${name}`,
      `/data/mnist/${name}`,
    ]) {
      const { status, body } = await get(path);
      expect([path, status, body.includes(secret)]).toEqual([path, 404, false]);
    }
  });

  test("are asked for by the studio's own page alone", async () => {
    const post = (path: string, headers: Record<string, string>) =>
      ask(path, { method: "POST", headers: { host, ...headers } });
    const own = { origin: `http://${host}` };
    expect((await post("/data/fashion-mnist", own)).status).toBe(204); // it is there already
    expect((await post("/data/fashion-mnist", { origin: "http://evil.example" })).status).toBe(403);
    expect((await post("/data/fashion-mnist", {})).status).toBe(403);
    expect((await post("/data/fashion-mnist", { ...own, "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await post("/data/other", own)).status).toBe(405);
  });
});

describe("reading", () => {
  test("the page, with a policy that lets it reach nothing else", async () => {
    const { status, headers, body } = await ask("/", { headers: { host } });
    expect(status).toBe(200);
    expect(body).toContain("<title>Weft Studio</title>");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    // WebAssembly and its workers, and no JavaScript from texts.
    expect(headers["content-security-policy"]).toContain("script-src 'self' blob: 'wasm-unsafe-eval';");
    expect(headers["content-security-policy"]).toContain("worker-src 'self' blob:;");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test("the model and what it imports, nothing beside it and nothing outside", async () => {
    const { body } = await ask("/project.json", { headers: { host } });
    const project = JSON.parse(body);
    expect(Object.keys(project.files)).toEqual(["models/net.ts", "models/parts/block.ts"]);
    expect(project.files["models/net.ts"]).toBe(source);
    expect(project.live).toBe(true);
    expect(body).not.toContain(secret);
  });

  test("pictures, but for a link that leads out of the project", async () => {
    expect((await ask("/samples/one.png", { headers: { host } })).body).toBe("picture");
    const linked = await ask("/samples/two.png", { headers: { host } });
    expect({ status: linked.status, secret: linked.body.includes(secret) }).toEqual({
      status: 404,
      secret: false,
    });
  });

  test.each([
    "/../package.json",
    "/..%2f..%2fpackage.json",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/samples/../../models/other.ts",
    "/samples/..%5c..%5cmodels%5cother.ts",
    "/models/net.ts",
    "/models/other.ts",
    "//etc/passwd",
    "/samples/one.png%00.html",
    "/%ff",
    "/%",
    "/samples",
    "/samples/",
    "/__proto__",
    "/constructor",
  ])("nothing at %s", async (path) => {
    const { status, body } = await ask(path, { headers: { host } });
    expect({ status, body }).toEqual({ status: 404, body: "there is nothing here" });
  });

  test.each(["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"])(
    "nobody under the name %j: DNS rebinding",
    async (name) => {
      const { status, body } = await ask("/project.json", { headers: { host: name } });
      expect({ status, body }).toEqual({ status: 421, body: "this server is at 127.0.0.1 alone" });
    },
  );

  test("under localhost with its port", async () => {
    const local = host.replace("127.0.0.1", "localhost");
    expect((await ask("/project.json", { headers: { host: local } })).status).toBe(200);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("not by %s", async (method) => {
    const { status, headers } = await ask("/project.json", { method, headers: { host } });
    expect({ status, allow: headers["allow"] }).toEqual({ status: 405, allow: "GET, HEAD" });
  });
});

describe("saving", () => {
  const json = "application/json";
  const save = (headers: Record<string, string>, body: unknown, method = "POST"): Promise<Answer> =>
    ask("/save", {
      method,
      headers: { host, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const own = (): Record<string, string> => ({ origin: `http://${host}`, "content-type": json });
  const kept = (): string => readFileSync(join(folder, "models/net.ts"), "utf8");

  test.each([
    ["without an origin", (): Record<string, string> => ({ "content-type": json }), 403],
    ["from another site", () => ({ ...own(), origin: "http://evil.example" }), 403],
    ["from a sandboxed frame", () => ({ ...own(), origin: "null" }), 403],
    ["from another port", () => ({ ...own(), origin: "http://127.0.0.1:1" }), 403],
    ["cross-site by the browser's word", () => ({ ...own(), "sec-fetch-site": "cross-site" }), 403],
    ["by a form", () => ({ ...own(), "content-type": "text/plain" }), 415],
  ])("is refused %s", async (_, headers, status) => {
    const answer = await save(headers(), { path: "models/net.ts", text: "changed" });
    expect(answer.status).toBe(status);
    expect(kept()).toBe(source);
  });

  test.each([
    ["a file beside it", { path: "models/other.ts", text: "" }, 404],
    ["a path that climbs", { path: "../secret.ts", text: "" }, 404],
    ["an absolute path", { path: "/etc/passwd", text: "" }, 404],
    ["a file behind a link", { path: "linked.ts", text: "" }, 404],
    ["a property of objects", { path: "__proto__", text: "" }, 404],
    ["no text", { path: "models/net.ts" }, 400],
    ["no JSON", "{", 400],
    ["too much", { path: "models/net.ts", text: "x".repeat(2 ** 20) }, 413],
  ])("refuses %s", async (_, body, status) => {
    expect((await save(own(), body)).status).toBe(status);
    expect(kept()).toBe(source);
    expect(readFileSync(join(outside, "secret.ts"), "utf8")).toContain(secret);
  });

  test("is by POST alone", async () => {
    const { status, headers } = await ask("/save", { headers: { host } });
    expect({ status, allow: headers["allow"] }).toEqual({ status: 405, allow: "POST" });
  });

  test("writes the whole file, and leaves nothing else behind", async () => {
    const before = readdirSync(join(folder, "models"));
    expect((await save(own(), { path: "models/net.ts", text: `${source}// 改\n` })).status).toBe(204);
    expect(kept()).toBe(`${source}// 改\n`);
    expect(readdirSync(join(folder, "models"))).toEqual(before);
    writeFileSync(join(folder, "models/net.ts"), source);
  });
});

describe("changes on disk", () => {
  test("are told to the page, with the texts", async () => {
    const stop = new AbortController();
    const response = await fetch(`${server.url}changes`, { signal: stop.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain(": the project's files follow");
    server.changed();
    const told = (await reader?.read())?.value ?? "";
    expect(JSON.parse(told.replace(/^data: /, ""))["models/net.ts"]).toBe(source);
    stop.abort();
  });
});

describe("weft studio", () => {
  test("writes a static folder", async () => {
    const out = join(scratch(), "site");
    const { code, stdout } = await weft(["studio", join(folder, "models/net.ts"), "--build", out]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${out}: serve this folder over https, or http on localhost\n`,
    });
    const project = JSON.parse(readFileSync(join(out, "project.json"), "utf8"));
    expect(project).toMatchObject({ model: "net.ts", live: false, weights: null });
    expect(readdirSync(join(out, "samples"))).toEqual(["one.png"]);
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(["index.html", "main.js", "language.js", "model.js"]),
    );
  });

  test("shows what import makes of an ONNX file, and leaves nothing behind", async () => {
    const where = scratch();
    const bytes = file({
      inputs: { x: ["n", "width"] },
      weights: [weight("fc.weight", [3, 4])],
      nodes: [node("Gemm", ["x", "fc.weight"], ["y"], int("transB", 1))],
      outputs: ["y"],
    });
    writeFileSync(join(where, "dense.onnx"), bytes);
    const temporary = scratch();
    vi.stubEnv("TMPDIR", temporary);
    const out = join(where, "site");
    const args = ["studio", join(where, "dense.onnx"), "--build", out, "--dim", "width=4"];
    expect((await weft(args)).code).toBe(0);
    const { model, files, weights, live } = JSON.parse(readFileSync(join(out, "project.json"), "utf8"));
    expect({ model, weights, live }).toEqual({
      model: "dense.ts",
      weights: "weights/dense.safetensors",
      live: false,
    });
    expect(files["dense.ts"]).toContain("linear(x, { out: 3, bias: false })");
    expect(Object.keys(readSafetensors(readFileSync(join(out, weights))))).toEqual(["fc.weight"]);
    expect(tmpdir()).toBe(temporary);
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
    const open = await weft(args.slice(0, -2));
    expect(open).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('leaves open how large "width" is'),
    });
    const dim = await weft(["studio", "models/lenet.ts", "--dim", "width=4"]);
    expect(dim).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--dim does not go with models/lenet.ts"),
    });
  });

  test("prints its address, tells of changes, and ends at Ctrl-C", async () => {
    expect(inject("buildError")).toBe("");
    const child = spawn(process.execPath, [join(root, "dist/cli.js"), "studio", "models/net.ts"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    try {
      const url = await new Promise<string>((resolve) =>
        child.stdout.once("data", (data: Buffer) => resolve(`${data}`.trim())),
      );
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
      const response = await fetch(`${url}changes`);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      await reader?.read();
      let told = "";
      // Again as soon as it is told: no change is missed while the one before is being told.
      for (let change = 1; change <= 20; change++) {
        const text = `${source}// changed ${change}\n`;
        writeFileSync(join(folder, "models/net.ts"), text);
        // A file may be seen empty for a moment while it is written.
        for (let now = ""; now !== text; ) {
          told += (await reader?.read())?.value ?? expect.fail("the server tells nothing more");
          const events = told.split("\n\n");
          told = events.pop() ?? ""; // the beginning of one that is still to come
          const last = events.at(-1);
          if (last) now = JSON.parse(last.replace(/^data: /, ""))["models/net.ts"];
        }
      }
      child.kill("SIGINT");
      expect(await ended).toBe(130);
    } finally {
      child.kill("SIGKILL");
      writeFileSync(join(folder, "models/net.ts"), source);
    }
  });

  test("says what is wrong with its arguments", async () => {
    const missing = await weft(["studio", "models/nothing.ts"]);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no such file: models/nothing.ts"),
    });
    const weights = await weft(["studio", "models/lenet.ts", "--weights", "nothing.safetensors"]);
    expect(weights).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot read the weights") });
    const taken = await weft(["studio", "models/lenet.ts", "--port", host.split(":")[1] ?? ""]);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining("it is taken") });
  });
});
