/** A `program.json` or `training.json` from a stranger: a message that names the place, or a program that runs. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { emit } from "../../compiler/emit/index.ts";
import { METRICS } from "../../contract/training.ts";
import { shapeAt } from "../../contract/type.ts";
import lenet from "../../models/lenet.ts";
import { load, type Program, validateProgram, WeftError } from "../../runtime/index.ts";
import { readProgram, readTraining } from "../../runtime/node/index.ts";
import { validateTraining } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { addition, chain, counter } from "../runtime/programs.ts";
import { wasmAddition, wasmChain } from "../runtime/wasmModules.ts";
import { kernelTraining, linearTraining, statefulTraining } from "../train/runtime.ts";
import { mutated } from "./json.ts";

type Json = ReturnType<typeof JSON.parse>;

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 2026);
const copy = <T>(value: T): Json => JSON.parse(JSON.stringify(value));

/** The message; the value is unchanged where `change` is left out. */
function refused(
  program: unknown,
  change: (p: Json) => void,
  validate = validateProgram as (v: Json) => unknown,
) {
  const changed = copy(program);
  change(changed);
  try {
    validate(changed);
  } catch (error) {
    expect(error).toBeInstanceOf(WeftError);
    expect(error).toMatchObject({ code: "program" });
    return (error as WeftError).message; // as checked
  }
  return expect.fail("nothing was thrown");
}

type Case = readonly [change: (value: Json) => void, message: string];
const titled = (cases: readonly Case[]) => cases.map(([change, message]) => [message, change] as const);

describe("of a program for WebAssembly", () => {
  const both: Program = { ...addition, wasm: wasmAddition() };

  test("accepts its module, and both forms", () => {
    for (const program of [both, wasmAddition(), wasmChain()]) expect(validateProgram(program)).toBe(program);
  });

  test.each(
    titled([
      [(p) => (p.module.code = "hello"), "module.code: it has to be a WebAssembly module in base64"],
      [
        (p) => (p.module.slack = 0.5),
        "module.slack: 0.5, but it has to be a whole number from 0 to 16777216",
      ],
      [(p) => (p.kernels[0].wgsl = 1), "kernels[0].wgsl: 1, but it has to be a text that is not empty"],
      [(p) => (p.kernels[0].cost = -1), "kernels[0].cost: -1, but it has to be at least 0"],
      [(p) => (p.wasm = wasmAddition()), "wasm: the program itself is for WebAssembly"],
    ]),
  )("%s", (message, change) => expect(refused(wasmAddition(), change)).toBe(message));

  test.each(
    titled([
      [(p) => delete p.wasm.module, 'wasm.kernels[0].wgsl: "", but it has to be a text that is not empty'],
      [(p) => (p.wasm = copy(addition)), "wasm: it has no module"],
      [
        (p) => (p.wasm.dispatches[0].kernel = 7),
        "wasm.dispatches[0].kernel: 7, but it has to be the position of one of kernels, 0 … 0",
      ],
      [
        (p) => p.wasm.inputs.reverse(),
        "wasm.inputs: their names, types and shapes have to be those of the program, in its order",
      ],
    ]),
  )("%s", (message, change) => expect(refused(both, change)).toBe(message));
});

describe("validateProgram", () => {
  test("accepts what the compiler and people write", () => {
    const compiled = (["portable", "quads"] as const).map(
      (target) => compile(lenet.graph, { target }).program,
    );
    for (const program of [...compiled, addition, chain, counter(7)]) {
      const read = copy(program);
      expect(validateProgram(read)).toBe(read);
    }
  });

  test.each(
    titled([
      [(p) => delete p.format, 'format: missing, but it has to be "weft-program"'],
      [(p) => (p.version = 2), "version: 2, but it has to be 1"],
      [(p) => (p.name = ""), 'name: "", but it has to be a text that is not empty'],
      [(p) => (p.buffers = {}), "buffers: an object, but it has to be an array"],
      [
        (p) => (p.buffers[1].bytes.fixed = -16),
        "buffers[1].bytes.fixed: -16, but it has to be a whole number of at least 0",
      ],
      [(p) => (p.buffers[0] = null), "buffers[0]: null, but it has to be an object"],
      [
        (p) => (p.inputs[0].buffer = 5),
        "inputs[0].buffer: 5, but it has to be the position of one of buffers, 0 … 4",
      ],
      [
        (p) => (p.inputs[0].shape = [5, "N"]),
        'inputs[0].shape[1]: "N", but it has to be a whole number of at least 1',
      ],
      [
        (p) => (p.inputs[0].shape = ["N", 2 ** 30, 2 ** 30]),
        "inputs[0].shape: [N, 1073741824, 1073741824] has too many elements",
      ],
      [
        (p) => (p.inputs[0].shape = ["N", 6]),
        "inputs[0].buffer: buffer 0 holds 20 bytes per example, [N, 6] takes 24",
      ],
      [(p) => (p.params[0].shape = [50]), "params[0].buffer: buffer 1 holds 32 bytes, [50] takes 200"],
      [
        (p) => (p.params[0].buffer = 0),
        "params[0].buffer: buffer 0 grows with the batch, a parameter does not",
      ],
      [(p) => p.params.push(p.params[0]), "params[1].name: another one has the same name"],
      [
        (p) => (p.params[0].init.kind = "toString"),
        'params[0].init.kind: "toString", but it has to be "zeros" or "ones"',
      ],
      [
        (p) => (p.params[0].init = { kind: "kaimingNormal", fanIn: 0 }),
        "params[0].init.fanIn: it has to be above 0",
      ],
      [
        (p) => (p.params[0].order = [1]),
        "params[0].order[0]: 1, but it has to be a whole number from 0 to 0",
      ],
      [
        (p) => (p.params[0].dtype = "f64"),
        'params[0].dtype: "f64", but it has to be "f32" or "i32" or "u32"',
      ],
      [(p) => (p.outputs = []), "outputs: an array of 0, but it has to be an array of at least 1"],
      [(p) => p.outputs.push(p.outputs[0]), "outputs[2].name: another one has the same name"],
      [
        (p) => p.inputs.push({ ...p.inputs[0], name: "z" }),
        "inputs[1].buffer: buffer 0 holds another input or parameter already",
      ],
      [
        (p) => {
          p.params[0].shape = [1, 5];
          p.params[0].order = [1, 1];
        },
        "params[0].order: an axis occurs twice",
      ],
      [(p) => (p.dispatches = []), "outputs[0].buffer: nothing is ever written to buffer 4"],
      [
        (p) => (p.kernels[2].workgroup = 0),
        "kernels[2].workgroup: 0, but it has to be a whole number from 1 to 256",
      ],
      [
        (p) => (p.kernels[2].workgroup = 128),
        "kernels[2].wgsl: its @workgroup_size is 64, but the kernel's workgroup 128",
      ],
      [(p) => (p.kernels[0].wgsl = "fn main() {}"), "kernels[0].wgsl: it has no @workgroup_size in numbers"],
      [
        (p) => (p.kernels[0].bindings[0].access = "write"),
        'kernels[0].bindings[0].access: "write", but it has to be "read" or "read_write"',
      ],
      [(p) => p.kernels[0].bindings.pop(), "kernels[0].bindings: none of them is written"],
      [
        (p) => p.dispatches[1].buffers.pop(),
        "dispatches[1].buffers: an array of 2, but it has to be an array of 3 to 3",
      ],
      [
        (p) => (p.dispatches[1].kernel = 3),
        "dispatches[1].kernel: 3, but it has to be the position of one of kernels, 0 … 2",
      ],
      [
        (p) => (p.dispatches[1].buffers = [3, 2, 3]),
        "dispatches[1].buffers[2]: buffer 3 is written, so it cannot be bound a second time",
      ],
      [(p) => p.dispatches.reverse(), "dispatches[0].buffers[0]: buffer 3 is read before it is written"],
      [
        (p) => (p.prepare[0].buffers = [1, 3]),
        "prepare[0].buffers[1]: buffer 3 grows with the batch: not before a run",
      ],
      [
        (p) => (p.prepare[0].grid.batchTile = 1),
        "prepare[0].grid.batchTile: the kernel does not know the batch, so it has to be 0",
      ],
      [
        (p) => (p.dispatches[0].grid.items = 1e9),
        "dispatches[0].grid.items: 1000000000 threads write buffers of length 12",
      ],
      [(p) => (p.features = ["depth-clip"]), 'features[0]: "depth-clip", but it has to be "subgroups"'],
      [(p) => (p.maxBatch = "1"), 'maxBatch: "1", but it has to be a whole number of at least 0'],
    ]),
  )("%s", (message, change) => {
    expect(refused(chain, change)).toContain(message);
  });

  test("what is no object at all", () => {
    for (const value of [null, 1, "x", [], true])
      expect(refused(value, () => {})).toMatch(/^the program: .+, but it has to be an object$/);
    expect(refused(JSON.parse('{"__proto__":{"format":"weft-program"}}'), () => {})).toContain(
      "format: missing",
    );
  });

  test("shows no control characters of the file, and little of it", () => {
    const message = refused(chain, (p) => (p.format = `\u001b]0;x\u0007\u009b31m\u202e${"y".repeat(1e6)}`));
    expect(message.length).toBeLessThan(150);
    expect(message).toMatch(/^[\x20-\x7e…]+$/);
  });

  test("takes time in proportion to the file", () => {
    const reads = (times: number): number => {
      const wide = copy(chain);
      for (let i = 0; i < times; i++) {
        wide.buffers.push(wide.buffers[3]);
        wide.inputs.push({ ...wide.inputs[0], name: `x${i}`, buffer: wide.buffers.length - 1 });
        wide.dispatches.push(wide.dispatches[0]);
      }
      let count = 0;
      const counted = (value: object): object =>
        new Proxy(value, {
          get(target, key) {
            count++;
            const part: unknown = Reflect.get(target, key);
            return typeof part === "object" && part !== null ? counted(part) : part;
          },
        });
      validateProgram(counted(wide));
      return count;
    };
    // Read from outside: what is done with it inside is sets and positions.
    const once = reads(1000);
    expect(once).toBeGreaterThan(1000);
    expect(reads(2000)).toBeLessThanOrEqual(2 * once);
  });
});

describe("validateTraining", () => {
  test("accepts what the compiler writes", () => {
    for (const training of [linearTraining(), statefulTraining(), kernelTraining()])
      validateTraining(copy(training));
  });
  test.each(
    titled([
      [
        (t) => (t.losses[0].loss.kind = "hinge"),
        'losses[0].loss.kind: "hinge", but it has to be "crossEntropy" or ',
      ],
      [(t) => (t.losses = []), "losses: an array of 0, but it has to be an array of at least 1"],
      [(t) => (t.losses[0].weight = 0), "losses[0].weight: it has to be above 0"],
      [
        (t) => (t.losses[0].targets = ["y"]),
        'losses[0].targets[0]: "y", but it has to be "image" or "target"',
      ],
      [(t) => t.losses.push(t.losses[0]), "its shape has to be [8], 4 for each loss"],
      [(t) => (t.optimizer.lr = null), "optimizer.lr: null, but it has to be a finite number"],
      [(t) => (t.clip = { norm: 1, value: 1 }), "clip: it has to hold either norm or value"],
      [(t) => delete t.step, "step: missing, but it has to be an object"],
      [(t) => (t.step.kernels[0].workgroup = 1.5), "step.kernels[0].workgroup: 1.5, but it has to be"],
      [
        (t) => (t.evaluate.params.find((p: Json) => p.name !== METRICS).name = "other"),
        ": step.params has none of this name and shape",
      ],
      [(t) => t.step.params.shift(), "step.dispatches["],
      [(t) => t.results.pop(), "results: an array of "],
      [(t) => t.results[0].pop(), "results[0]: an array of "],
      [
        (t) => (t.results[0][0][0] = "magic"),
        'results[0][0][0]: "magic", but it has to be "activations" or ',
      ],
      [(t) => (t.results[0][0][1] = 4), "results[0][0][1]: 4, but it has to be a text"],
      [
        (t) => (t.step.params[0].use = "weight"),
        'step.params[0].use: "weight", but it has to be "statistic" or "constant" or "moment" or "metrics"',
      ],
      [
        (t) => delete t.evaluate.params.find((p: Json) => p.name === METRICS).use,
        'evaluate.params: exactly one has to have the use "metrics"',
      ],
      [
        (t) => (t.step.params[0].storage = "f16"),
        "step.params[0].storage: what is trained is stored as it is",
      ],
      [
        (t) => (t.step.inputs[2].dtype = "i32"),
        "step.inputs[2]: where inputs are data sets, the last one is the rows that are the batch, of type u32",
      ],
    ]),
  )("%s", (message, change) => {
    expect(refused(linearTraining(), change, validateTraining)).toContain(message);
  });
});

describe("random damage", () => {
  test("is refused with a place, or leaves a program", () => {
    const programs = [copy(chain), copy(compile(lenet.graph).program)];
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...programs).chain(mutated), (value) => {
        try {
          validateProgram(value);
          accepted++;
        } catch (error) {
          expect(error).toBeInstanceOf(WeftError);
          expect((error as WeftError).message).toMatch(/^[\w.[\]]+( program)?: /);
        }
      }),
      { numRuns: 3000, seed },
    );
    expect(accepted).toBeGreaterThan(100); // changed names and texts of layers are fine
    expect(accepted).toBeLessThan(2500);
  });

  test("to a training", () => {
    const training = copy(linearTraining());
    fc.assert(
      fc.property(mutated(training), (value) => {
        try {
          validateTraining(value);
        } catch (error) {
          expect(error).toBeInstanceOf(WeftError);
        }
      }),
      { numRuns: 1000, seed },
    );
  });

  describe("that is not noticed", () => {
    let device: GPUDevice;
    const uncaptured: string[] = [];
    beforeAll(async () => {
      ({ device } = await usualDevice());
      device.onuncapturederror = ({ error }) => uncaptured.push(error.message);
    });
    afterAll(() => device.destroy());

    test("gives a run or a WeftError, and leaves the device usable", async () => {
      let ran = 0;
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(copy(addition), copy(chain)).chain(mutated), async (value) => {
          try {
            const program: Program = validateProgram(value);
            const session = await load(program, { device });
            const feeds = program.inputs.map(({ name, shape }) => [
              name,
              new Float32Array(shapeAt(shape, 1).reduce((a, d) => a * d, 1)),
            ]);
            await session.run(Object.fromEntries(feeds));
            session.destroy();
            ran++;
          } catch (error) {
            if (!(error instanceof WeftError)) throw error;
          }
        }),
        { numRuns: 1500, seed },
      );
      expect(uncaptured).toEqual([]);
      expect(ran).toBeGreaterThan(60);
      const sum = await (await load(addition, { device })).run({
        a: Float32Array.of(1, 2, 3),
        b: Float32Array.of(4, 5, 6),
      });
      expect(sum["sum"]?.data).toEqual(Float32Array.of(5, 7, 9));
    });
  });
});

describe("files", () => {
  test("of an earlier weft compile: a damaged one is replaced, and nothing else is touched", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-test-"));
    const compilation = compile(lenet.graph);
    try {
      for (const earlier of [
        "null",
        "[]",
        '{"format":"weft-program"}',
        '{"format":"weft-program","kernels":[{"name":7}]}',
      ]) {
        for (const name of ["program.json", "training.json", "variants.json"])
          await writeFile(join(folder, name), earlier);
        await writeFile(join(folder, "mine.wgsl"), "kept");
        await emit(compilation, folder);
        expect(await readProgram(join(folder, "program.json"))).toEqual(copy(compilation.program));
        expect(await readFile(join(folder, "mine.wgsl"), "utf8")).toBe("kept");
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("are read and validated; messages name the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-test-"));
    const path = join(folder, "program.json");
    try {
      await writeFile(path, JSON.stringify(chain));
      expect(await readProgram(path)).toEqual(copy(chain));
      await writeFile(path, JSON.stringify({ ...chain, version: 3 }));
      await expect(readProgram(path)).rejects.toThrow(`${path}: version: 3, but it has to be 1`);
      await writeFile(path, "{");
      await expect(readProgram(path)).rejects.toMatchObject({ name: "WeftError", code: "program" });
      await expect(readProgram(join(folder, "none"))).rejects.toMatchObject({ code: "program" });
      await writeFile(path, JSON.stringify(linearTraining()));
      expect(await readTraining(path)).toEqual(copy(linearTraining()));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
