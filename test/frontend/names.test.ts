/** Names from a model file, with a stand-in for the model language that only keeps call stacks. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sitesOf } from "../../compiler/frontend/annotate.ts";
import { bundleModel } from "../../compiler/frontend/bundle.ts";
import { nameLayers } from "../../compiler/frontend/names.ts";
import { runBundle } from "../../compiler/frontend/run.ts";
import { siteReader } from "../../compiler/frontend/site.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-names-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The names of the ops in the order in which they are called. */
async function names(body: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const calls: { op: string; trace: string; part?: number }[] = [];
  const op = (name: string) => (): string => {
    calls.push({ op: name, trace: new Error().stack ?? "" });
    return name;
  };
  const weft: Record<string, unknown> = {
    sequential: (...layers: unknown[]) => layers,
    pipe: (...layers: unknown[]) => layers,
    residual: op("add"),
    model: () => undefined,
    split: (_: unknown, count: number) => {
      const trace = new Error().stack ?? "";
      for (let part = 0; part < count; part++) calls.push({ op: "slice", trace, part });
      return Array.from({ length: count }, () => "slice");
    },
  };
  for (const name of ["conv2d", "avgPool2d", "sigmoid", "relu", "add", "linear", "flatten", "concat"])
    weft[name] = op(name);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const file = join(folder, "model.ts");
  writeFileSync(
    file,
    `import * as nn from "weftgpu";\nimport { ${Object.keys(weft).join(", ")} } from "weftgpu";\n${body}`,
  );
  const { reader } = await runBundle(await bundleModel(file, folder, Object.keys(weft)), weft);
  const sites = siteReader(reader.sources);
  return nameLayers(
    calls.map((c) => ({ op: c.op, sites: sitesOf(c.trace, reader, sites), part: c.part })),
    new Set(),
  );
}

describe("names of layers", () => {
  it("are the variables that hold them", async () => {
    expect(await names("const c1 = conv2d(); let c2 = nn.conv2d(1 as any);")).toEqual(["c1", "c2"]);
  });
  it("add the op to the variable for what is nested in it", async () => {
    expect(await names("const pool1 = avgPool2d(sigmoid(conv2d(0)), { kernel: 2 });")).toEqual([
      "pool1/conv2d",
      "pool1/sigmoid",
      "pool1",
    ]);
  });
  it("go through parentheses, casts, await and arrays", async () => {
    expect(
      await names(`
        const a = (conv2d(0) as unknown)!;
        const b = await conv2d(0);
        const c = concat([relu(a), relu(b)]);
        const d = true ? sigmoid(c) : c;
        const [e, f] = [relu(d), sigmoid(d)];`),
    ).toEqual(["a", "b", "c/relu", "c/relu#2", "c", "d", "e", "f"]);
  });
  it("of several tensors that a call gives are the variables that take them", async () => {
    expect(
      await names(`
        const [q, , v] = split(0, 3);
        const parts = split(q, 2);
        const [[a, b], c] = [split(v, 2), relu(v)];
        const [first] = split(relu(a), 1);
        const y = concat(split(b, 2));
        function halves(x) {
          const [left, right] = split(x, 2);
          return concat([relu(left), right]);
        }
        const block1 = halves(0);
        const blocks = [1, 2].map(() => halves(0));
        for (const i of [1, 2]) { const [l, r] = split(i, 2); }
        let late;
        late = split(0, 1);`),
    ).toEqual([
      ...[
        "q",
        "slice1",
        "v",
        "parts[0]",
        "parts[1]",
        "a",
        "b",
        "c",
        "relu1",
        "first",
        "y/slice",
        "y/slice#2",
        "y",
      ],
      ...["block1/left", "block1/right", "block1/relu1", "block1/concat1"],
      ...["blocks/halves/left", "blocks/halves/right", "blocks/halves/relu1", "blocks/halves/concat1"],
      ...[
        "blocks/halves#2/left",
        "blocks/halves#2/right",
        "blocks/halves#2/relu1",
        "blocks/halves#2/concat1",
      ],
      ...["l", "r", "l#2", "r#2", "late[0]"],
    ]);
  });
  it("put the caller's variable before those of a function", async () => {
    expect(
      await names(`
        function block(x) {
          const conv1 = conv2d(x);
          const conv2 = conv2d(relu(conv1));
          return add(conv2, x);
        }
        const block1 = block(0);
        const block2 = relu(block(block1));`),
    ).toEqual([
      "block1/conv1",
      "block1/conv2/relu",
      "block1/conv2",
      "block1/add1",
      "block2/block/conv1",
      "block2/block/conv2/relu",
      "block2/block/conv2",
      "block2/block/add1",
      "block2",
    ]);
  });
  it("count layers that no variable holds", async () => {
    expect(
      await names(`
        const net = sequential(conv2d(), sigmoid(), avgPool2d(), conv2d(), sigmoid(), flatten(), linear(), linear());`),
    ).toEqual(["conv1", "sigmoid1", "pool1", "conv2", "sigmoid2", "flatten1", "fc1", "fc2"]);
  });
  it("of several chains begin with the chain's variable", async () => {
    expect(
      await names(`
        const stem = sequential(conv2d(), relu());
        const body = pipe(0, sequential(conv2d(), relu()), conv2d());
        const logits = linear(residual(conv2d(), relu()));
        const unit = residual(sequential(conv2d(), relu()));
        const blocks = [sequential(conv2d()), sequential(conv2d())];`),
    ).toEqual([
      "stem/conv1",
      "stem/relu1",
      "body/conv1",
      "body/relu1",
      "body/conv2",
      "logits/conv1",
      "logits/relu1",
      "logits/add",
      "logits",
      "unit/conv1",
      "unit/relu1",
      "unit",
      "blocks/conv1",
      "blocks#2/conv1",
    ]);
  });
  it("of functions of one expression are counted", async () => {
    expect(
      await names(`
        const unit = (x) => relu(conv2d(x));
        const unit2 = function (x) { return relu(conv2d(x)); };
        const y = unit(0);
        const z = unit2(unit(y));`),
    ).toEqual(["y/conv1", "y/relu1", "z/unit/conv1", "z/unit/relu1", "z/conv1", "z/relu1"]);
  });
  it("leave elements of arrays uncounted by the array", async () => {
    expect(await names("const layers = []; layers.push(conv2d(0)); layers[1] = conv2d(0);")).toEqual([
      "conv1",
      "conv2",
    ]);
  });
  it("stay different where a property looks like a path", async () => {
    expect(await names(`const a = relu(conv2d(0)); const heads = { "a/conv2d": linear(0) };`)).toEqual([
      "a/conv2d",
      "a",
      "a/conv2d#2",
    ]);
  });
  it("leave names that a variable has to that variable", async () => {
    expect(await names("conv2d(0); const conv1 = conv2d(0); conv2d(0);")).toEqual([
      "conv2",
      "conv1",
      "conv3",
    ]);
  });
  it("count layers that a variable holds in turn", async () => {
    expect(await names("let x = conv2d(0); x = relu(x); x = conv2d(x);")).toEqual([
      "conv1",
      "relu1",
      "conv2",
    ]);
  });
  it("number the rounds of a loop", async () => {
    expect(
      await names(`
        const block = (x) => { const conv = conv2d(x); return relu(conv); };
        let x = 0;
        for (let i = 0; i < 3; i++) x = block(x);
        for (let i = 0; i < 2; i++) { const stage = linear(x); }`),
    ).toEqual([
      "block/conv",
      "block/relu1",
      "block#2/conv",
      "block#2/relu1",
      "block#3/conv",
      "block#3/relu1",
      "stage",
      "stage#2",
    ]);
  });
  it("number the rounds of map and reduce", async () => {
    expect(await names("const xs = [1, 2].map((n) => { const c = conv2d(n); return relu(c); });")).toEqual([
      "xs/c",
      "xs/relu1",
      "xs/c#2",
      "xs/relu2",
    ]);
  });
  it("come from properties", async () => {
    expect(
      await names(`export default model("m", {}, { logits: linear(relu(0)), "other head": linear(0) });`),
    ).toEqual(["logits/relu", "logits", "other head"]);
  });
  it("follow calls into imported files", async () => {
    const files = {
      "block.ts": `import { conv2d } from "weftgpu";\nexport function block(x) {\n  const conv1 = conv2d(x);\n  return conv1;\n}\n`,
    };
    expect(
      await names(`import { block } from "./block.ts";\nconst b = block(1);\nconst c = block(b);`, files),
    ).toEqual(["b/conv1", "c/conv1"]);
  });
  it("come from class fields and methods", async () => {
    expect(
      await names(`
        class Net { stem = conv2d(0); head(x) { const fc = linear(x); return fc; } }
        const net = new Net();
        const out = net.head(net.stem);`),
    ).toEqual(["net/stem", "out/fc"]);
  });
});
