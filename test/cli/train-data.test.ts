/** Data sets: IDX files, folders of pictures, the drawn set, downloads. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openData } from "../../cli/data/index.ts";
import { FILES, filesOf } from "../../cli/data/published.ts";
import { targetOf } from "../../data/array.ts";
import { synthetic } from "../../data/synthetic.ts";
import { idx } from "./make.ts";
import { fails, root, scratch, works } from "./weft.ts";

const lenet = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 28, 28] });
const small = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 2, 2] });

afterEach(() => void vi.unstubAllEnvs());

/** A folder with the four IDX files of 2×2 pictures; `changed` replaces some. */
function idxFolder(changed: Partial<Record<string, Uint8Array | null>> = {}): string {
  const folder = scratch();
  const pictures = (n: number): Buffer => idx([n, 2, 2], [...Array(4 * n).keys()]);
  const files: Record<string, Uint8Array | null> = {
    [FILES.trainImages]: gzipSync(pictures(3)),
    [FILES.trainLabels]: gzipSync(idx([3], [0, 2, 1])),
    [FILES.testImages]: pictures(2), // the name says gzip, the content need not be
    [FILES.testLabels]: idx([2], [1, 0]),
    ...(changed as Record<string, Uint8Array | null>),
  };
  for (const [name, bytes] of Object.entries(files)) if (bytes) writeFileSync(join(folder, name), bytes);
  return folder;
}

const refused = async (data: Parameters<typeof openData>[0], target = small, classes = 3): Promise<string> =>
  openData(data, target, classes).then(
    () => "nothing was thrown",
    (error: Error) => error.message,
  );

describe("IDX files in a folder", () => {
  test("become bytes in the shape of the model's input", async () => {
    const { train, test } = await openData({ data: idxFolder() }, small, 3);
    expect(train).toMatchObject({ rows: 3, shape: [1, 2, 2], classes: ["0", "1", "2"] });
    expect([...train.images]).toEqual([...Array(12).keys()]);
    expect([...train.labels]).toEqual([0, 2, 1]);
    expect(test.rows).toBe(2);
    expect((await openData({ data: idxFolder(), limit: 2 }, small, 3)).train.images).toHaveLength(8);
    const flat = targetOf({ name: "x", dtype: "f32", shape: ["N", 4] });
    expect((await openData({ data: idxFolder() }, flat, 3)).train.shape).toEqual([4]);
  });

  const gz = gzipSync(idx([3, 2, 2], [...Array(12).keys()]));
  test.each<[string, Partial<Record<string, Uint8Array | null>>, string]>([
    ["a corrupt gzip", { [FILES.trainImages]: gz.subarray(0, 20) }, "is a broken gzip file"],
    ["a truncated file", { [FILES.testImages]: idx([2, 2, 2], [1, 2]) }, "is cut off: 18 bytes"],
    ["another magic number", { [FILES.testLabels]: Buffer.from("PK34") }, "is not an IDX file"],
    ["a missing file", { [FILES.testLabels]: null }, `has no ${FILES.testLabels}`],
    ["pictures for labels", { [FILES.trainLabels]: gz }, "in the shape [3, 2, 2]"],
    ["too few labels", { [FILES.trainLabels]: idx([2], [0, 1]) }, "holds 3 pictures, but"],
    [
      "a label out of range",
      { [FILES.trainLabels]: idx([3], [0, 7, 1]) },
      "example 1 has label 7, but there are 3 classes",
    ],
    [
      "no pictures",
      { [FILES.testImages]: idx([0, 2, 2], []), [FILES.testLabels]: idx([0], []) },
      "no pictures",
    ],
  ])("%s is an error", async (_, changed, text) => {
    expect(await refused({ data: idxFolder(changed) })).toContain(text);
  });

  test("pictures of another size than the model's input", async () => {
    expect(await refused({ data: idxFolder() }, lenet)).toContain(
      "are [2, 2], but the input image of the model is [N, 1, 28, 28]",
    );
  });
});

describe("the drawn set", () => {
  test("is the same everywhere, balanced, and its beginning does not depend on its size", () => {
    const { train, test } = synthetic(200, 50);
    expect(createHash("md5").update(train.images).digest("hex")).toBe("d32fd87cd626f6db6ba4207dbdad9950");
    expect(synthetic(100, 10).train.images).toEqual(train.images.subarray(0, 100 * 784));
    for (let c = 0; c < 10; c++) expect(train.labels.filter((label) => label === c)).toHaveLength(20);
    expect(test.images.subarray(0, 784)).not.toEqual(train.images.subarray(0, 784));
  });
});

describe("pictures by class", () => {
  const folder = scratch();
  const picture = async (path: string, grey: number): Promise<void> => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    const background = { r: grey, g: grey, b: grey };
    await sharp({ create: { width: 6, height: 6, channels: 3, background } }).toFile(join(folder, path));
  };

  test("a sixth of each class is for testing, or the folders say what is", async () => {
    for (let i = 0; i < 6; i++) {
      await picture(`a/dark/${i}.png`, 10 + i);
      await picture(`a/light/${i}.png`, 200 + i);
    }
    const { train, test } = await openData({ data: join(folder, "a") }, small, 2);
    expect(train).toMatchObject({ rows: 10, classes: ["dark", "light"] });
    expect([...train.labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect([...train.images.subarray(0, 4)]).toEqual([10, 10, 10, 10]);
    expect([...test.images]).toEqual([15, 15, 15, 15, 205, 205, 205, 205]);
    const some = await openData({ data: join(folder, "a"), limit: 4 }, small, 2);
    expect([...some.train.labels]).toEqual([0, 0, 1, 1]);

    await picture("b/train/x/1.png", 1);
    await picture("b/train/y/1.png", 2);
    await picture("b/test/y/1.png", 3);
    const split = await openData({ data: join(folder, "b") }, small, 2);
    expect([split.train.rows, [...split.test.labels]]).toEqual([2, [1]]);
  });

  test("hidden files and folders are passed over: those of a Mac are no pictures", async () => {
    for (const name of ["cat", "dog"])
      for (let i = 0; i < 6; i++) await picture(`mac/${name}/${i}.png`, 30 * i);
    const double = Buffer.from([0, 5, 22, 7, 0, 2, 0, 0]); // how an AppleDouble file begins
    writeFileSync(join(folder, "mac/.DS_Store"), "x");
    writeFileSync(join(folder, "mac/cat/.DS_Store"), "x");
    writeFileSync(join(folder, "mac/cat/._0.png"), double);
    writeFileSync(join(folder, "mac/dog/.hidden.png"), double);
    mkdirSync(join(folder, "mac/.cache"));
    writeFileSync(join(folder, "mac/.cache/0.png"), double);
    const { train, test } = await openData({ data: join(folder, "mac") }, small, 2);
    expect(train).toMatchObject({ rows: 10, classes: ["cat", "dog"] });
    expect([...test.images]).toEqual(Array(8).fill(150));
  });

  test("black drawings on transparency are not black all over", async () => {
    const ink = Buffer.from([0, 0, 0, 255, ...Array(12).fill(0)]);
    for (const name of ["a", "b"])
      for (let i = 0; i < 6; i++) {
        mkdirSync(join(folder, "ink", name), { recursive: true });
        await sharp(ink, { raw: { width: 2, height: 2, channels: 4 } }).toFile(
          join(folder, "ink", name, `${i}.png`),
        );
      }
    const { test } = await openData({ data: join(folder, "ink") }, small, 2);
    expect([...test.images]).toEqual([0, 255, 255, 255, 0, 255, 255, 255]);
  });

  test("what is no data set is an error that says what one is", async () => {
    expect(await refused({ data: join(folder, "nowhere") })).toContain("there is no such file or directory");
    mkdirSync(join(folder, "empty"));
    expect(await refused({ data: join(folder, "empty") })).toContain("holds pictures of no class");
    await picture("one/only/1.png", 1);
    expect(await refused({ data: join(folder, "one") })).toContain("holds pictures of one class, only");
    await picture("broken/a/1.png", 1);
    mkdirSync(join(folder, "broken/b"));
    for (let i = 0; i < 6; i++) writeFileSync(join(folder, `broken/b/${i}.png`), "no picture");
    expect(await refused({ data: join(folder, "broken") })).toMatch(
      /b.\d\.png is not a picture|no pictures for/,
    );
    expect(await refused({ data: join(folder, "a") }, small, 1)).toContain("has label 1");
  });
});

describe("published sets", () => {
  const data = process.env["WEFT_DATA"] ?? join(root, "../shared/data");
  const there = (["fashion-mnist", "mnist"] as const).filter((set) => existsSync(join(data, set)));
  if (there.length < 2)
    console.log(`not all of fashion-mnist and mnist are in ${data}: set WEFT_DATA to test them`);

  test.runIf(there.length > 0)("are read whole", async () => {
    for (const set of there) {
      const { train, test } = await openData({ data: set, dataDir: data }, lenet, 10);
      expect([train.rows, test.rows, train.shape]).toEqual([60_000, 10_000, [1, 28, 28]]);
      expect(train.classes).toHaveLength(10);
    }
  });

  test("missing files: what they are, where they were looked for, where to put them", async () => {
    const [env, cache] = [scratch(), scratch()];
    vi.stubEnv("WEFT_DATA", env);
    vi.stubEnv("WEFT_CACHE", cache);
    const message = await fails(["train", "models/lenet.ts", "--data", "fashion-mnist"]);
    for (const folder of [join(env, "fashion-mnist"), env, join(cache, "data", "fashion-mnist")])
      expect(message).toContain(folder);
    for (const { md5 } of filesOf("fashion-mnist")) expect(message).toContain(md5);
    expect(message).toContain("weft data fashion-mnist");
    expect(message).toContain(`put them into ${join(env, "fashion-mnist")}`);
  });

  test("a file that is not as published is an error with both sums", async () => {
    const folder = idxFolder();
    const message = await fails(["train", "models/lenet.ts", "-d", "mnist", "--data-dir", folder]);
    expect(message).toContain("is not the published file of mnist");
    expect(message).toContain("f68b3c2dcbeaaa9fbdd348bbdeb94873");
    expect(await fails(["train", "models/lenet.ts", "--data-dir", folder])).toContain("--data-dir goes with");
  });
});

describe("weft data", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const serve = (answer: (name: string) => Buffer | number): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer((request, response) => {
        const found = answer(request.url?.slice(1) ?? "");
        if (typeof found === "number") response.writeHead(found).end();
        else response.end(found);
      });
      servers.push(server);
      server.listen(0, "127.0.0.1", () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      );
    });

  const data = process.env["WEFT_DATA"] ?? join(root, "../shared/data");
  test.runIf(existsSync(join(data, "mnist")))(
    "fetches, checks, keeps and fetches no more than is missing",
    async () => {
      const asked: string[] = [];
      const from = await serve((name) => {
        asked.push(name);
        return readFileSync(join(data, "mnist", name));
      });
      vi.stubEnv("WEFT_CACHE", scratch());
      vi.stubEnv("WEFT_DATA", "");
      const folder = join(process.env["WEFT_CACHE"] ?? "", "data", "mnist");
      const { stdout } = await works(["data", "mnist", "--from", from]);
      expect(stdout).toBe(`mnist: 4 files, 11.6 MB, MD5 right, in ${folder}\n`);
      expect(readdirSync(folder).sort()).toEqual(Object.values(FILES).sort());
      writeFileSync(join(folder, FILES.testLabels), "damaged");
      const again = await works(["data", "mnist", "--from", from, "--format", "json"]);
      expect(JSON.parse(again.stdout).files.map((f: { kept: boolean }) => f.kept)).toEqual([
        true,
        true,
        true,
        false,
      ]);
      expect(asked).toHaveLength(5);
      expect((await works(["data", "mnist"])).stdout).toContain("is complete already");
    },
  );

  test("what is not as published is not kept", async () => {
    const folder = scratch();
    const from = await serve(() => Buffer.from("something else"));
    const message = await fails(["data", "mnist", "--from", from, "--data-dir", folder]);
    expect(message).toContain("is not the published file of mnist: 14 bytes");
    expect(readdirSync(join(folder, "mnist"))).toEqual([]);
  });

  test("no network: which files to put where", async () => {
    const folder = scratch();
    for (const [from, reason] of [
      [await serve(() => 404), "HTTP 404"],
      ["http://127.0.0.1:1/", "cannot download http://127.0.0.1:1/train-images-idx3-ubyte.gz: "],
    ] as const) {
      const message = await fails(["data", "fashion-mnist", "--from", from, "--data-dir", folder]);
      expect(message).toContain(reason);
      for (const { name, md5 } of filesOf("fashion-mnist"))
        expect(message).toMatch(new RegExp(`${name}.*${md5}`));
      expect(message).toContain("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");
      expect(message).toContain(`put them into ${join(folder, "fashion-mnist")}`);
    }
    expect(await fails(["data", "cifar"])).toContain("Allowed choices are fashion-mnist, mnist");
    expect(await fails(["data", "mnist", "--from", "x"])).toContain("--from x is no address");
  });
});
