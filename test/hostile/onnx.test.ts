/** ONNX files that are cut off, lie about themselves, or mean harm: one clear error, and memory that the file bounds. */

import { describe, expect, test } from "vitest";
import { UserError } from "../../compiler/errors.ts";
import { filesOf, importOnnx } from "../../compiler/onnx/index.ts";
import { expectSameAgain } from "../onnx/again.ts";
import { file, floatTensor, graph, int, intTensor, node, weight } from "../onnx/file.ts";
import { residual } from "../onnx/models.ts";
import { random } from "../oracle/array.ts";
import { tsMorph } from "../types/compilers.ts";

/** The message of the error; it is a user's, nothing of Weft's own. */
function refusal(bytes: Uint8Array, options: Parameters<typeof importOnnx>[1] = {}): string {
  try {
    importOnnx(bytes, options);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  return "";
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const field = (id: number, body: readonly number[] | Uint8Array): number[] => [
  ...varint((id << 3) | 2),
  ...varint(body.length),
  ...body,
];

describe("bytes", () => {
  test("a file that is cut off anywhere is an error, or a model that is whole", () => {
    const bytes = residual();
    for (let end = 0; end < bytes.length; end += 7)
      expect(refusal(bytes.subarray(0, end)), `${end}`).not.toBe("");
  });

  test("damaged bytes are an error or a model, never a crash", () => {
    const next = random(5);
    for (let round = 0; round < 400; round++) {
      const bytes = residual();
      for (let k = 0; k < 1 + (round % 4); k++)
        bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      refusal(bytes);
    }
  });

  test.each([
    ["nothing", new Uint8Array()],
    [
      "a text",
      new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"),
    ],
    ["a length beyond the file", Uint8Array.from([...varint((7 << 3) | 2), ...varint(2 ** 31 - 1)])],
    ["a group", Uint8Array.of((7 << 3) | 3)],
    ["a number where a graph is", Uint8Array.of(7 << 3, 1)],
  ])("%s", (_, bytes) => {
    expect(refusal(bytes)).toMatch(/no ONNX file/);
  });

  test("messages within messages within messages", () => {
    // A graph as an attribute of a node of a graph, and so on: NodeProto 1 > AttributeProto 5 > GraphProto 6.
    let inner: number[] = [];
    for (let depth = 0; depth < 300; depth++) inner = field(1, field(5, field(6, inner)));
    expect(refusal(Uint8Array.from(field(7, inner)))).toContain("deep in each other");
  });

  test("millions of empty messages", () => {
    const nodes = new Uint8Array(5_000_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = (1 << 3) | 2;
    const head = Uint8Array.from([...varint((7 << 3) | 2), ...varint(nodes.length)]);
    const bytes = new Uint8Array(head.length + nodes.length);
    bytes.set(head);
    bytes.set(nodes, head.length);
    expect(refusal(bytes)).toContain("more than 2000000 messages");
  });
});

describe("graphs", () => {
  test("a cycle", () => {
    const nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])];
    expect(refusal(file({ inputs: { x: [2] }, nodes, outputs: ["b"] }))).toContain("the graph has a cycle");
  });

  test("nodes in another order are sorted", () => {
    const nodes = [node("Relu", ["a"], ["b"]), node("Sigmoid", ["x"], ["a"])];
    expect(refusal(file({ inputs: { x: [2] }, nodes, outputs: ["b"] }))).toBe("");
  });

  test("a name that nothing gives, and one that is given twice", () => {
    expect(
      refusal(file({ inputs: { x: [2] }, nodes: [node("Add", ["x", "q"], ["y"])], outputs: ["y"] })),
    ).toContain('Add "y" reads "q", which nothing gives');
    const twice = [node("Relu", ["x"], ["y"]), node("Sigmoid", ["x"], ["y"])];
    expect(refusal(file({ inputs: { x: [2] }, nodes: twice, outputs: ["y"] }))).toContain(
      'Sigmoid "y" gives "y"',
    );
  });

  test("a long chain is no deep recursion", () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => node("Identity", [`v${i + 1}`], [`v${i}`]));
    const bytes = file({
      inputs: { v20000: [2] },
      nodes: [...nodes, node("Relu", ["v0"], ["y"])],
      outputs: ["y"],
    });
    expect(refusal(bytes)).toBe("");
  });

  test("an unknown opset", () => {
    const bytes = file({
      inputs: { x: [2] },
      nodes: [node("Relu", ["x"], ["y"])],
      outputs: ["y"],
      opset: 99,
    });
    expect(refusal(bytes)).toContain("opsets 7 to 24 are read");
  });

  test("a loop without end", () => {
    const bytes = file({
      inputs: { x: [2] },
      weights: [{ name: "rounds", dataType: 7, dims: [], int64Data: [2 ** 50] }],
      nodes: [
        node(
          "Loop",
          ["rounds", "", "x"],
          ["y"],
          graph("body", {
            name: "b",
            node: [node("Relu", ["h"], ["h1"]), node("Identity", ["c"], ["on"])],
            initializer: [],
            input: [{ name: "i" }, { name: "c" }, { name: "h" }],
            output: [{ name: "on" }, { name: "h1" }],
          }),
        ),
      ],
      outputs: ["y"],
    });
    expect(refusal(bytes)).toContain("it runs more than 256 rounds");
  });
});

describe("tensors", () => {
  const of = (tensor: object): Uint8Array =>
    file({
      inputs: { x: [2, 2] },
      weights: [{ ...weight("w", [2, 2]), ...tensor }],
      nodes: [node("Add", ["x", "w"], ["y"])],
      outputs: ["y"],
    });

  test.each([
    ["sizes that overflow", { dims: [2 ** 40, 2 ** 40] }, "their product is below 2^53"],
    ["a size below 0", { dims: [-2, 2] }, "sizes are whole numbers"],
    ["fewer bytes than the shape needs", { dims: [4, 4] }, "has 16 bytes"],
    ["a type that there is not", { dataType: 77 }, "elements of type 77"],
    ["no numbers at all", { rawData: new Uint8Array() }, "has 0 numbers"],
  ])("%s", (_, tensor, message) => {
    expect(refusal(of(tensor))).toContain(message);
  });

  test("a shape that would fill the memory is refused before it is made", () => {
    const bytes = file({
      inputs: { x: [2] },
      weights: [intTensor("s", [100_000, 100_000])],
      nodes: [node("ConstantOfShape", ["s"], ["c"]), node("Add", ["x", "c"], ["y"])],
      outputs: ["y"],
    });
    expect(refusal(bytes)).toContain("elements would be made at import");
  });

  test("a tensor that doubles at every node is refused", () => {
    const nodes = Array.from({ length: 60 }, (_, i) =>
      node("Concat", [`c${i}`, `c${i}`], [`c${i + 1}`], int("axis", 0)),
    );
    const bytes = file({
      inputs: { x: [2] },
      weights: [floatTensor("c0", [4], [1, 2, 3, 4])],
      nodes: [...nodes, node("Add", ["x", "c60"], ["y"])],
      outputs: ["y"],
    });
    expect(refusal(bytes)).toContain("elements would be made at import");
  });

  test("files outside of the folder are no files of a model", () => {
    for (const location of ["../w", "/w", "a/../../w", "C:/w", "..\\w", "", "a\0b"]) {
      const bytes = of({
        rawData: undefined,
        dataLocation: 1,
        externalData: [{ key: "location", value: location }],
      });
      expect(() => filesOf(bytes), location).toThrow("data of a model lie in its folder");
      expect(refusal(bytes, { files: { [location]: new Uint8Array(16) } })).toContain(
        "data of a model lie in its folder",
      );
    }
  });

  test.each([
    ["offset", "-4"],
    ["offset", "9e99"],
    ["length", "-1"],
    ["length", "1e3"],
    ["offset", "x"],
  ])("a part of a file that it does not have: %s %s", (key, value) => {
    const bytes = of({
      rawData: undefined,
      dataLocation: 1,
      externalData: [
        { key: "location", value: "w.bin" },
        { key, value },
      ],
    });
    expect(filesOf(bytes)).toEqual(["w.bin"]);
    expect(refusal(bytes, { files: { "w.bin": new Uint8Array(16) } })).toMatch(/that file has 16 bytes/);
  });
});

describe("names", () => {
  const HARM = [
    `*/ process.exit(1) /*`,
    `"); process.exit(1); ("`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a template would carry out.
    "`${process.exit(1)}`",
    "\u2028process.exit(1)",
    "\n// ",
    "__proto__",
    "constructor",
    "</script>",
    "conv2d",
    "import",
    "N",
    "日本語",
    "\u0000\u001b[2J",
    "a".repeat(100_000),
  ];

  test.each(HARM.map((name) => [name.slice(0, 30), name]))("%j does no harm", async (_, name) => {
    const bytes = file({
      name,
      inputs: { [`${name}x`]: ["batch", 3, 4, 4] },
      weights: [weight(`${name}.weight`, [2, 3, 3, 3]), weight(`${name}c`, [2, 1, 1])],
      nodes: [
        { ...node("Conv", [`${name}x`, `${name}.weight`], [`${name}h`]), name },
        node("Add", [`${name}h`, `${name}c`], [name === "__proto__" ? `${name}y` : name]),
      ],
      outputs: [name === "__proto__" ? `${name}y` : name],
    });
    const imported = importOnnx(bytes);
    await expectSameAgain(imported);
    expect(Object.keys(imported.weights)).toHaveLength(2);
    expect(imported.source.split("\n").every((line) => line.length < 100_300)).toBe(true);
  });

  test("in functions they do none either, and what is written has its types", async () => {
    const texts = new Map<string, string>();
    const names = [...HARM.slice(0, -1), "Tensor", "number", "arguments", "block", "block/conv1", "relu1"];
    for (const [i, name] of names.entries()) {
      const first = name === "__proto__" ? "p" : `${name}x`;
      const bytes = file({
        name,
        inputs: { [first]: ["batch", 4, 4, 4] },
        weights: [0, 1, 2, 3].map((k) => weight(`${name}.${k}.weight`, [4, 4, 1, 1])),
        nodes: [0, 1, 2, 3].flatMap((k) => {
          const from = k === 0 ? first : `${name}y${k}`;
          return [
            { ...node("Conv", [from, `${name}.${k}.weight`], [`${name}c${k}`]), name: `/${name}.${k}/Conv` },
            { ...node("Relu", [`${name}c${k}`], [`${name}r${k}`]), name: `/${name}.${k}/${name}` },
            { ...node("Add", [`${name}r${k}`, from], [`${name}y${k + 1}`]), name: `/${name}.${k}/relu1` },
          ];
        }),
        outputs: [`${name}y4`],
      });
      const imported = importOnnx(bytes);
      expect(imported.source).toMatch(/^function /m);
      await expectSameAgain(imported);
      texts.set(`names${i}.ts`, imported.source);
    }
    expect(Object.fromEntries(tsMorph.check(texts))).toEqual({});
  });

  test("thousands of nodes that repeat in no end of ways are written, with few steps to look for blocks", () => {
    const next = random(3);
    const nodes = Array.from({ length: 4000 }, (_, i) =>
      node(next() < 0.5 ? "Relu" : "Sigmoid", [i === 0 ? "x" : `v${i}`], [`v${i + 1}`]),
    );
    const { model } = importOnnx(file({ inputs: { x: [2] }, nodes, outputs: ["v4000"] }));
    expect(model.graph.nodes).toHaveLength(4001);
  });

  test("messages show names short, and nothing that a terminal obeys", () => {
    const name = `\u001b[2J${"long".repeat(1000)}`;
    const message = refusal(
      file({ inputs: { x: [2] }, nodes: [node("Add", ["x", name], ["y"])], outputs: ["y"] }),
    );
    expect(message.length).toBeLessThan(400);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there.
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});
