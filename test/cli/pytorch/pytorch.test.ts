/** Files of PyTorch: tensors are read, nothing is run, and what does harm is one error. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isArchive, isPickle } from "../../../cli/pytorch/kind.ts";
import { unpickle } from "../../../cli/pytorch/pickle.ts";
import { readPyTorch } from "../../../cli/pytorch/read.ts";
import { UserError } from "../../../compiler/errors.ts";
import { storedAs, tensorsFor } from "../../../contract/stored.ts";
import { readSafetensors } from "../../../runtime/index.ts";
import { damaged, seed, takes } from "../../hostile/damage.ts";
import { fails, scratch, works } from "../weft.ts";
import { saved } from "./files.ts";
import {
  archive,
  call,
  dictionary,
  global,
  int,
  MARK,
  type Made,
  pickle,
  tensor,
  text,
  tuple,
} from "./make.ts";

const read = (bytes: Uint8Array) => readPyTorch(bytes, "net.pt");
const refused = (bytes: Uint8Array): string => {
  try {
    read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { problem, fix } = (error as UserError).diagnosis;
    expect(fix).toContain("from safetensors.torch import save_file");
    return problem.replace("net.pt cannot be read: ", "");
  }
  return expect.fail("nothing was thrown");
};
/** An archive of one dictionary with one tensor. */
const one = (made: Made): Uint8Array => archive(pickle(dictionary({ w: tensor(made) })));
/** None of the allocations is larger than a few times the file. */
const grew = (work: () => void): number => {
  const before = process.memoryUsage().arrayBuffers;
  work();
  return process.memoryUsage().arrayBuffers - before;
};

describe("files of torch.save", () => {
  const numbers = {
    whole: { shape: [3, 4], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) },
    turned: { shape: [4, 3], data: Float32Array.of(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11) },
    part: { shape: [4], data: Float32Array.of(5, 6, 7, 8) },
    half: { shape: [3], data: Float32Array.of(1, -2, 65504) },
    brain: { shape: [3], data: Float32Array.of(1, -2, 0.5) },
    double: { shape: [2], data: Float32Array.of(0.1, 1e-3) },
    long: { shape: [], data: Float32Array.of(7) },
    bool: { shape: [2], data: Float32Array.of(1, 0) },
    u8: { shape: [2], data: Float32Array.of(255, 1) },
    i8: { shape: [2], data: Float32Array.of(-128, 1) },
    i16: { shape: [2], data: Float32Array.of(-300, 1) },
    i32: { shape: [2], data: Int32Array.of(-70000, 1) },
    u16: { shape: [2], data: Float32Array.of(65535, 1) },
    empty: { shape: [0, 3], data: new Float32Array() },
    parameter: { shape: [2], data: Float32Array.of(4, 5) },
  };
  test.each(["state", "protocol4"] as const)("%s: every type, views, parts and parameters", (name) => {
    const stored = read(saved(name));
    expect({ ...tensorsFor(stored) }).toEqual(numbers);
    const types = Object.fromEntries(Object.entries(stored).map(([key, { data }]) => [key, storedAs(data)]));
    expect(types).toMatchObject({
      half: "f16",
      brain: "bf16",
      double: "f64",
      long: "i64",
      bool: "bool",
      u16: "u16",
    });
  });

  test("the model of a training's state, without its optimiser", () => {
    const stored = read(saved("checkpoint"));
    expect(Object.keys(stored)).toEqual([
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ]);
    expect(stored["0.bias"]?.data).toEqual(
      Float32Array.of(-0.014010033570230007, 0.5606575012207031, -0.06275151669979095),
    );
  });

  test("what is no tensor is refused by its name", () => {
    expect(refused(saved("settings"))).toBe("it holds argparse.Namespace");
    expect(refused(saved("whole"))).toBe("it holds torch.nn.modules.container.Sequential");
  });

  test("kinds are told apart by their first bytes", () => {
    expect([isArchive(saved("state")), isPickle(saved("state"))]).toEqual([true, false]);
    expect([isArchive(saved("legacy")), isPickle(saved("legacy"))]).toEqual([false, true]);
    expect([isArchive(new Uint8Array()), isPickle(new Uint8Array())]).toEqual([false, false]);
  });
});

describe("views", () => {
  test("are what their strides say", () => {
    const made = fc
      .record({
        shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        order: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
        gap: fc.integer({ min: 1, max: 2 }),
        offset: fc.nat(5),
      })
      .map(({ shape, order, gap, offset }) => {
        // Axes laid out in any order, with gaps between elements.
        const axes = shape.map((_, i) => i).sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
        const strides: number[] = [];
        let step = gap;
        for (const axis of axes) {
          strides[axis] = step;
          step *= shape[axis] ?? 1;
        }
        return { shape, strides, offset, length: offset + step };
      });
    fc.assert(
      fc.property(made, ({ shape, strides, offset, length }) => {
        const numbers = Float32Array.from({ length }, (_, i) => i);
        const file = archive(pickle(dictionary({ w: tensor({ shape, strides, offset, length }) })), {
          "data/0": new Uint8Array(numbers.buffer),
        });
        const want: number[] = [];
        const walk = (axis: number, at: number): void => {
          if (axis === shape.length) want.push(at);
          else for (let i = 0; i < (shape[axis] ?? 0); i++) walk(axis + 1, at + i * (strides[axis] ?? 0));
        };
        walk(0, offset);
        expect(read(file)["w"]).toEqual({ shape, data: Float32Array.from(want) });
      }),
      { numRuns: 200, seed },
    );
  });

  test.each<[string, Made, string]>([
    ["beyond the storage", { shape: [5] }, "a tensor [5] of it lies outside its storage of 4 elements"],
    ["beyond its end", { offset: 1 }, "a tensor [4] of it lies outside its storage of 4 elements"],
    [
      "by strides",
      { shape: [2, 2], strides: [3, 1] },
      "a tensor [2, 2] of it lies outside its storage of 4 elements",
    ],
    [
      "elements without end",
      { shape: [65536, 65536], strides: [0, 0] },
      "a tensor [65536, 65536] of it lies outside its storage of 4 elements",
    ],
    ["a negative place", { offset: -1 }, "a tensor of it has no valid storage, sizes and strides"],
    ["negative strides", { strides: [-1] }, "a tensor of it has no valid storage, sizes and strides"],
    ["fewer strides", { shape: [2, 2] }, "a tensor of it has no valid storage, sizes and strides"],
    ["a storage that is larger", { length: 8 }, "its storage 0 has 16 bytes, and needs 32"],
    ["a storage of another type", { type: "DoubleStorage" }, "its storage 0 has 16 bytes, and needs 32"],
    ["no storage", { key: "1" }, "its storage 1 has no bytes, and needs 16"],
    [
      "a storage outside the archive",
      { key: "../../etc/passwd" },
      "its storage ../../etc/passwd has no bytes, and needs 16",
    ],
  ])("%s is refused", (_, made, text) => {
    expect(refused(one(made))).toBe(text);
  });

  test("one storage in two ways is refused; shared without end, too", () => {
    expect(refused(archive(pickle(dictionary({ a: tensor(), b: tensor({ length: 3, shape: [3] }) }))))).toBe(
      "its storage 0 is described in two ways",
    );
    const large = { "data/0": new Uint8Array(4 << 16) };
    const again = { length: 1 << 16, shape: [1 << 16] };
    const shared = (count: number): Uint8Array =>
      archive(
        pickle(
          dictionary(Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, tensor(again)]))),
        ),
        large,
      );
    expect(Object.keys(read(shared(8)))).toHaveLength(8);
    expect(refused(shared(20))).toMatch(
      /^its tensors have 5242880 bytes, more than 8 times those of the file$/,
    );
  });
});

describe("pickles that do harm", () => {
  const of = (value: readonly number[]): string => refused(archive(pickle(value)));
  test.each<[string, readonly number[], string]>([
    ["a function of the system", call("os.system", text("echo pwned")), "it holds os.system"],
    ["builtins", call("builtins.eval", text("1")), "it holds builtins.eval"],
    ["a name of a prototype", global("torch.constructor"), "it holds torch.constructor"],
    ["a name on the stack", [...text("posix"), ...text("system"), 0x93], "it holds posix.system"],
    ["a name that is no text", [0x5d, ...text("x"), 0x93], "it names a class by what is no text"],
    ["a call of a list", [0x5d, ...tuple(), 0x52], "it calls what is no function"],
    [
      "a call without a tuple",
      [...global("collections.OrderedDict"), 0x7d, 0x52],
      "it calls what is no function",
    ],
    ["a new object", [...global("collections.OrderedDict"), ...tuple(), 0x81], "its operation 0x81 at byte"],
    ["an empty stack", [0x30], "it takes from an empty stack"],
    ["no mark", [0x74], "it has no mark where it needs one"],
    ["a mark for a value", [...MARK, 0x85], "it takes a mark for a value"],
    ["an item of a list", [0x5d, ...int(1), ...int(2), 0x73], "it sets items of what is no dictionary"],
    ["an element of a tuple", [...tuple(), ...int(1), 0x61], "it appends to what is no list"],
    ["what was not kept", [0x68, 7], "it refers to 7, which it did not keep"],
    ["the state of a tensor", [...tensor(), 0x7d, 0x62], "it sets the state of what is no dictionary"],
    ["a text without end", [0x58, 255, 255, 255, 127], "it is cut off"],
    ["a number of 200 bytes", [0x8a, 200], "it has a whole number of 200 bytes"],
    ["no dictionary", int(1), "it is no dictionary of tensors"],
    ["nothing", dictionary({ epoch: int(1) }), "it holds no tensors"],
    [
      "two models",
      dictionary({ a: dictionary({ w: tensor() }), b: dictionary({ w: tensor() }) }),
      "it has tensors in a, b, none of them called state_dict or model_state_dict or model",
    ],
    ["another id", [...int(3), 0x51], "it refers to what is no storage"],
  ])("%s", (_, value, wanted) => {
    expect(of(value)).toContain(wanted);
  });

  test("depth, width and what is kept cost no more than the file", () => {
    const deep = new Uint8Array(1 << 20).fill(0x5d); // a list on a list on a list
    expect(refused(archive(Uint8Array.from([0x80, 2, ...deep.subarray(0, 1 << 16), 0x2e])))).toBe(
      "it is no dictionary of tensors",
    );
    // Lists that hold the one before twice: 2⁶⁰ elements, if anybody went through them.
    const doubling = Array.from({ length: 60 }, (_, i) => [
      0x5d,
      0x71,
      i + 1,
      0x68,
      i,
      0x61,
      0x68,
      i,
      0x61,
    ]).flat();
    expect(of([0x5d, 0x71, 0, ...doubling])).toBe("it is no dictionary of tensors");
    expect(
      of(
        dictionary({ a: [0x5d, 0x71, 0, ...doubling], w: tensor() })
          .slice(0, -1)
          .concat(0x75, 0x30),
      ),
    ).toBe("it takes from an empty stack");
  });

  test("operations without end are counted", () => {
    const long = new Uint8Array((1 << 22) + 8).fill(0x4e); // None, four million times
    expect(() => unpickle(long, { find: () => undefined, persistent: () => null })).toThrow(
      "it has more than 4194304 operations",
    );
  });

  test("whole numbers keep their sign, and such as are too large are no sizes", () => {
    const globals = { find: () => undefined, persistent: () => null };
    const number = (...bytes: readonly number[]) => unpickle(pickle([0x8a, bytes.length, ...bytes]), globals);
    expect(number()).toBe(0);
    expect(number(255)).toBe(-1);
    expect(number(0, 1)).toBe(256);
    expect(number(0, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("archives that do harm", () => {
  const good = pickle(dictionary({ w: tensor() }));
  const numbers = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

  test("a compressed one is refused before it is unpacked", () => {
    const bomb = archive(good, { "data/0": new Uint8Array(16 << 20) }, 9);
    const bytes = grew(() => expect(refused(bomb)).toMatch(/^net\/data(\.pkl|\/0) is compressed$/));
    expect(bytes).toBeLessThan(4 << 20);
  });

  test("without data.pkl, without numbers, with high bytes first", () => {
    expect(refused(archive(good, { "data/0": numbers.subarray(0, 12) }))).toBe(
      "its storage 0 has 12 bytes, and needs 16",
    );
    expect(refused(archive(good, {}))).toBe("its storage 0 has no bytes, and needs 16");
    const big = { "data/0": numbers, byteorder: Uint8Array.from(Buffer.from("big")) };
    expect(refused(archive(good, big))).toBe("its numbers begin with their high bytes");
    const other = Uint8Array.from(archive(good));
    const at = Buffer.from(other).lastIndexOf("data.pkl");
    other[at] = 0x78;
    expect(refused(other)).toBe("it has no data.pkl");
  });

  test("sizes and places in its list that are wrong", () => {
    const file = archive(good);
    const list = Buffer.from(file).lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const changed = (at: number, value: number): string => {
      const bytes = Uint8Array.from(file);
      new DataView(bytes.buffer).setUint32(list + at, value, true);
      return refused(bytes);
    };
    expect(changed(20, 0x7fffffff)).toBe("net/data/0 is compressed"); // one of two sizes
    expect(changed(42, 0x7fffffff)).toBe("net/data/0 is cut off");
    const both = Uint8Array.from(file);
    for (const at of [20, 24]) new DataView(both.buffer).setUint32(list + at, 0x7fffffff, true);
    expect(grew(() => expect(refused(both)).toBe("net/data/0 is larger than the file"))).toBeLessThan(
      1 << 20,
    );
  });

  test("a list that claims four billion files ends at once", () => {
    const file = Buffer.from(archive(good));
    const tail = Buffer.alloc(56 + 20 + 22);
    tail.writeUInt32LE(0x06064b50, 0);
    tail.writeUInt32LE(0xffffffff, 32); // files
    tail.writeUInt32LE(file.length + 1000, 48); // the list, behind the end
    tail.writeUInt32LE(0x07064b50, 56);
    tail.writeUInt32LE(file.length, 56 + 8);
    tail.writeUInt32LE(0x06054b50, 76);
    tail.writeUInt16LE(0xffff, 76 + 8);
    expect(refused(Uint8Array.from(Buffer.concat([file, tail])))).toBe("it is a damaged archive");
  });

  test("damaged files are refused in words, or read", () => {
    let [fine, bad] = [0, 0];
    for (const name of ["state", "checkpoint"] as const)
      fc.assert(
        fc.property(damaged(saved(name)), (bytes) => {
          if (takes(() => read(bytes))) fine++;
          else bad++;
        }),
        { numRuns: 500, seed },
      );
    expect(bad).toBeGreaterThan(100);
    expect(fine + bad).toBe(1000);
  });

  test("damaged pickles are refused in words, or read", () => {
    fc.assert(
      fc.property(damaged(good), (bytes) => {
        takes(() => read(archive(bytes)));
      }),
      { numRuns: 1000, seed },
    );
  });
});

describe("the command", () => {
  const folder = scratch();
  const model = join(folder, "model.ts");
  writeFileSync(
    model,
    `import { input, linear, model, N } from "weftgpu";
const x = input("x", [N, 2]);
const dense = linear(x, { out: 3 });
export default model("dense", { x }, { dense });
`,
  );
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  test("weft weights reads a training's state", async () => {
    const out = join(folder, "dense.safetensors");
    const from = file("checkpoint.pt", saved("checkpoint"));
    const { stdout, stderr } = await works(["weights", model, "--from", from, "--out", out]);
    expect(stdout).toBe(`layer  parameters               from  found by
dense  [3, 2] weight, [3] bias  0     shape
`);
    expect(stderr).toContain("passed over 1.num_batches_tracked");
    expect(stderr).toContain("left aside: 1.weight [3], 1.bias [3], 1.running_mean [3], 1.running_var [3]");
    expect(readSafetensors(readFileSync(out))["dense.bias"]?.data[1]).toBe(0.5606575012207031);
  });

  test("--weights takes one whose names fit", async () => {
    const own = dictionary({
      "dense.weight": tensor({ length: 6, shape: [3, 2], strides: [2, 1] }),
      "dense.bias": tensor({ key: "1", length: 3, shape: [3] }),
    });
    const from = file(
      "own.pt",
      archive(pickle(own), {
        "data/0": new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
        "data/1": new Uint8Array(Float32Array.of(10, 20, 30).buffer),
      }),
    );
    const { stdout } = await works([
      "run",
      model,
      "-w",
      from,
      "-i",
      "1,1",
      "--device",
      "wasm",
      "-f",
      "json",
      "-q",
    ]);
    expect(JSON.parse(stdout).outputs).toEqual({ dense: [[13, 27, 41]] });
  });

  test("what is refused comes with the Python that saves it otherwise", async () => {
    const whole = file("whole.pt", saved("whole"));
    expect(
      await fails(["weights", model, "--from", whole]),
    ).toBe(`error: ${whole} cannot be read: it holds torch.nn.modules.container.Sequential
  rule: tensors are read, and no code is run: classes and functions of other kinds are refused
  try:  in Python, with the model or its state_dict:
          from safetensors.torch import save_file
          save_file({k: v.contiguous() for k, v in model.state_dict().items()}, "state.safetensors")
`);
    const legacy = file("legacy.pth", saved("legacy"));
    expect(await fails(["weights", model, "--from", legacy])).toContain(
      `${legacy} cannot be read: it is a pickle by itself\n  rule: of PyTorch's files those of torch.save since version 1.6 are read, which are archives`,
    );
  });
});
