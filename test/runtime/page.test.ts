/** Loading as a page wants it, against a server that breaks off, knows ranges or not, is busy, or changes its file. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { input, linear, model, N } from "../../compiler/dsl/index.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { fetchBytes, type Loaded, load, type Progress } from "../../runtime/page/index.ts";
import { failure } from "./failure.ts";

/** Larger than what is sent at once. */
const file = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
const digestOf = (bytes: Uint8Array): string =>
  `sha256-${createHash("sha256").update(bytes).digest("base64")}`;

/** Element by element takes a second. */
const same = (bytes: Uint8Array): void => expect(Buffer.compare(bytes, file)).toBe(0);

type Answer = (request: IncomingMessage, response: ServerResponse, asked: number) => void;
const answers = new Map<string, Answer>();
const asked = new Map<string, (string | undefined)[]>();
let server: Server;
let origin = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "";
    const list = asked.get(path) ?? [];
    list.push(request.headers.range);
    asked.set(path, list);
    const answer = answers.get(path);
    if (answer) answer(request, response, list.length);
    else response.writeHead(404).end("no");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a part, then breaks the connection. */
function breakOff(
  response: ServerResponse,
  bytes: Uint8Array,
  headers: Record<string, string | number>,
): void {
  response.writeHead(200, headers);
  response.write(bytes, () => setTimeout(() => response.destroy(), 20));
}

describe("fetchBytes", () => {
  test("all at once, with progress", async () => {
    answers.set("/plain", (_, response) =>
      response.writeHead(200, { "content-length": file.length }).end(file),
    );
    const seen: Loaded[] = [];
    const bytes = await fetchBytes({ url: `${origin}/plain` }, { onProgress: (l) => seen.push(l) });
    same(bytes);
    expect(seen[0]).toEqual({ bytes: 0, of: file.length, cached: false });
    expect(seen.at(-1)).toEqual({ bytes: file.length, of: file.length, cached: false });
    expect(seen.map((l) => l.bytes)).toEqual(seen.map((l) => l.bytes).toSorted((a, b) => a - b));
  });

  test("of a server that does not say how long it is", async () => {
    answers.set("/chunked", (_, response) => response.writeHead(200).end(file));
    const seen: Loaded[] = [];
    same(await fetchBytes({ url: `${origin}/chunked` }, { onProgress: (l) => seen.push(l) }));
    expect(seen.every((l) => l.of === undefined)).toBe(true);
  });

  test("a connection that breaks is taken up where it broke", async () => {
    answers.set("/breaks", ({ headers }, response, count) => {
      const etag = '"one"';
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
      if (count === 1)
        return breakOff(response, file.subarray(0, 100_000), { "content-length": file.length, etag });
      expect(headers["if-range"]).toBe(etag);
      const range = `bytes ${from}-${file.length - 1}/${file.length}`;
      response.writeHead(206, { "content-range": range, etag }).end(file.subarray(from));
    });
    same(await fetchBytes({ url: `${origin}/breaks` }));
    const [first, second] = asked.get("/breaks") ?? [];
    expect(first).toBeUndefined();
    expect(second).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test("of a server without ranges, or with another file by now, it begins anew", async () => {
    answers.set("/changes", (_, response, count) => {
      const other = file.map((b) => b ^ 1);
      if (count === 1)
        return breakOff(response, other.subarray(0, 50_000), { "content-length": file.length });
      response.writeHead(200, { "content-length": file.length }).end(file);
    });
    same(await fetchBytes({ url: `${origin}/changes` }));
  });

  test("a busy server is asked again, and not for ever", async () => {
    answers.set("/busy", (_, response, count) =>
      count < 3 ? response.writeHead(503).end() : response.writeHead(200).end(file),
    );
    same(await fetchBytes({ url: `${origin}/busy` }));
    answers.set("/broken", (_, response) => response.writeHead(500).end());
    const error = await failure(fetchBytes({ url: `${origin}/broken` }));
    expect([error.code, error.message]).toEqual(["weights", `${origin}/broken: the server answers 500`]);
    expect(asked.get("/broken")).toHaveLength(4);
  });

  test("what is not there is not asked for again", async () => {
    expect((await failure(fetchBytes({ url: `${origin}/nothing` }))).message).toBe(
      `${origin}/nothing: the server answers 404`,
    );
    expect(asked.get("/nothing")).toHaveLength(1);
  });

  test("digests", async () => {
    answers.set("/digest", (_, response) => response.end(file));
    const url = new URL(`${origin}/digest`);
    same(await fetchBytes({ url, digest: digestOf(file) }));
    const other = digestOf(file.subarray(1));
    expect((await failure(fetchBytes({ url, digest: other }))).message).toBe(
      `${url}: its digest is ${digestOf(file)}, and has to be ${other}`,
    );
    expect((await failure(fetchBytes({ url, digest: "md5-x" }))).message).toMatch(
      /its digest has to be sha256-…, got md5-x$/,
    );
  });

  test("an end on request, before, during, and between tries", async () => {
    answers.set("/endless", (_, response) => {
      response.writeHead(200, { "content-length": file.length });
      response.write(file.subarray(0, 1000));
    });
    const why = new Error("left the page");
    const control = new AbortController();
    const during = fetchBytes(
      { url: `${origin}/endless` },
      { signal: control.signal, onProgress: ({ bytes }) => bytes > 0 && control.abort(why) },
    );
    await expect(during).rejects.toBe(why);
    await expect(fetchBytes({ url: `${origin}/endless` }, { signal: control.signal })).rejects.toBe(why);
    const between = new AbortController();
    answers.set("/down", (_, response) => {
      response.writeHead(503).end();
      setTimeout(() => between.abort(why), 50);
    });
    await expect(fetchBytes({ url: `${origin}/down` }, { signal: between.signal })).rejects.toBe(why);
  });
});

describe("load", () => {
  const x = input("x", [N, 3]);
  const { program } = compile(model("m", { x }, { y: linear(x, { out: 2 }) }).graph, { target: "wasm" });
  const weight = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const bias = { shape: [2], data: Float32Array.of(0.5, -0.5) };
  const [names] = [program.params.map((p) => p.name)];
  const whole = writeSafetensors({ [names[0] ?? ""]: weight, [names[1] ?? ""]: bias });
  const serve = (path: string, bytes: Uint8Array): string => {
    answers.set(path, (_, response) =>
      response.writeHead(200, { "content-length": bytes.length }).end(bytes),
    );
    return `${origin}${path}`;
  };
  const right = Float32Array.of(14.5, 31.5);

  test("from an address, in one file or in several, with progress of both kinds", async () => {
    const seen: Progress[] = [];
    const session = await load(program, { weights: serve("/w", whole), onProgress: (p) => seen.push(p) });
    expect((await session.run({ x: Float32Array.of(1, 2, 3) }))["y"]?.data).toEqual(right);
    expect(seen.filter((p) => p.what === "weights").at(-1)).toEqual({
      what: "weights",
      bytes: whole.length,
      of: whole.length,
      cached: false,
    });
    const kernels = program.dispatches.length;
    expect(seen.filter((p) => p.what === "kernels").at(-1)).toEqual({
      what: "kernels",
      built: kernels,
      of: kernels,
    });
    session.destroy();

    const [a, b] = [
      writeSafetensors({ [names[0] ?? ""]: weight }),
      writeSafetensors({ [names[1] ?? ""]: bias }),
    ];
    const parts = [serve("/a", a), { url: serve("/b", b), digest: digestOf(b) }];
    const told: Progress[] = [];
    const split = await load(program, { weights: parts, onProgress: (p) => told.push(p) });
    expect((await split.run({ x: Float32Array.of(1, 2, 3) }))["y"]?.data).toEqual(right);
    expect(told.filter((p) => p.what === "weights").at(-1)).toMatchObject({ bytes: a.length + b.length });
    split.destroy();
    expect((await failure(load(program, { weights: [serve("/a", a), serve("/a", a)] }))).message).toBe(
      `weights: two files hold "${names[0]}"`,
    );
  });

  test("as load of weftgpu/runtime: bytes, tensors, none; and what does not fit", async () => {
    for (const weights of [whole, { [names[0] ?? ""]: weight, [names[1] ?? ""]: bias }]) {
      const session = await load(program, { weights });
      expect((await session.run({ x: Float32Array.of(1, 2, 3) }))["y"]?.data).toEqual(right);
      session.destroy();
    }
    (await load(program, { seed: 3 })).destroy();
    expect((await failure(load(program, { weights: serve("/cut", whole.subarray(0, 60)) }))).code).toBe(
      "weights",
    );
    expect((await failure(load(program, { weights: `${origin}/none` }))).message).toMatch(/answers 404$/);
    const said = async (options: object): Promise<string> => (await failure(load(program, options))).message;
    expect(await said({ weights: [] })).toMatch(/^weights: a list of files holds addresses/);
    expect(await said({ weights: [3] })).toMatch(/^weights: a list of files holds addresses/);
    expect(await said({ signal: 3 })).toBe("load: signal has to be an AbortSignal, got 3");
    expect(await said({ progress: 3 })).toMatch(/^load: unknown option "progress"; try: /);
  });

  test("an end on request", async () => {
    const why = new Error("left");
    await expect(load(program, { signal: AbortSignal.abort(why) })).rejects.toBe(why);
    answers.set("/slow", () => {}); // never answers
    const control = new AbortController();
    const loading = load(program, { weights: `${origin}/slow`, signal: control.signal });
    setTimeout(() => control.abort(why), 30);
    await expect(loading).rejects.toBe(why);
    // Later it is nothing to a session that was loaded.
    const later = new AbortController();
    const session = await load(program, { weights: whole, signal: later.signal });
    later.abort(why);
    expect((await session.run({ x: Float32Array.of(1, 2, 3) }))["y"]?.data).toEqual(right);
    session.destroy();
  });

  test("a lost device is taken anew, of the adapter that is wanted, and what was under way is repeated", async () => {
    const { program: wgsl } = compile(model("m", { x }, { y: linear(x, { out: 2 }) }).graph);
    const [wanted, devices]: [unknown[], GPUDevice[]] = [[], []];
    const { device: first } = await requestDevice();
    const { features, limits } = first;
    const adapter = {
      info: { isFallbackAdapter: false },
      features,
      limits,
      async requestDevice() {
        const { device } = await requestDevice();
        devices.push(device);
        return device;
      },
    };
    const gpu = {
      requestAdapter: async (options: unknown) => {
        wanted.push(options);
        return adapter;
      },
    };
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
    try {
      const lost: string[] = [];
      const options = { powerPreference: "low-power" } as const;
      const session = await load(wgsl, {
        weights: whole,
        adapter: options,
        onLost: (e) => lost.push(e.code),
      });
      const run = async () => (await session.run({ x: Float32Array.of(1, 2, 3) }))["y"]?.data;
      expect(await run()).toEqual(right);
      for (const times of [1, 2]) {
        devices.at(-1)?.destroy();
        expect(await Promise.all([run(), run()])).toEqual([right, right]);
        expect([devices.length, lost.length]).toEqual([times + 1, times]);
      }
      expect(new Set(wanted)).toEqual(new Set([options]));
      session.destroy();
      expect((await failure(run())).code).toBe("destroyed");
      // One that was given is its owner's to replace.
      const given = await load(wgsl, { weights: whole, device: first });
      first.destroy();
      expect((await failure(given.run({ x: Float32Array.of(1, 2, 3) }))).code).toBe("device-lost");
    } finally {
      if (before) Object.defineProperty(globalThis, "navigator", before);
      else Reflect.deleteProperty(globalThis, "navigator");
    }
  });
});
