/** Checkpoints and tuning files that were damaged, or make no sense. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readSaved, save } from "../../cli/training/saved.ts";
import { compile } from "../../compiler/compile.ts";
import { readTuning } from "../../compiler/emit/tuning.ts";
import { UserError } from "../../compiler/errors.ts";
import lenet from "../../models/lenet.ts";
import { readSafetensors, validateProgram, writeSafetensors } from "../../runtime/index.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { BEGINNING, fromCheckpoint, stateOf, toCheckpoint } from "../../runtime/trainState.ts";
import { linearTraining } from "../train/runtime.ts";
import { damaged, seed, takes } from "./damage.ts";
import { mutated } from "./json.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-saved-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("checkpoints", () => {
  const training = linearTraining();
  const tensors = Object.fromEntries(
    stateOf(training.step).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(shape.reduce((a, d) => a * d, 1)) },
    ]),
  );
  const good = toCheckpoint(training, { position: { ...BEGINNING, epoch: 2 }, seed: 7, tensors });
  const bytes = writeSafetensors(good.tensors, good.metadata);

  test("damaged bytes", () => {
    expect(fromCheckpoint(training, good).seed).toBe(7);
    fc.assert(
      fc.property(damaged(bytes), (file) => {
        takes(() =>
          fromCheckpoint(training, { tensors: readSafetensors(file), metadata: readMetadata(file) }),
        );
      }),
      { numRuns: 1000, seed },
    );
  });

  test("damaged metadata", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("optimizer", "position", "seed", "losses").chain((key) =>
          fc.oneof(
            fc.string({ maxLength: 20 }).map((text) => ({ [key]: text })),
            fc.json().map((text) => ({ [key]: text })),
            mutated({ step: 1, epoch: 1, stepInEpoch: 0, sums: [1, 2, 0, 2], batch: 2, rows: 4 }).map(
              (value) => ({
                position: JSON.stringify(value) ?? "",
              }),
            ),
          ),
        ),
        (change) => {
          takes(() =>
            fromCheckpoint(training, { tensors: good.tensors, metadata: { ...good.metadata, ...change } }),
          );
        },
      ),
      { numRuns: 1000, seed },
    );
  });

  test("as files: refused in words, and left as they are", async () => {
    const out = join(folder, "run.safetensors");
    const settings = {
      data: "synthetic",
      epochs: 9,
      batch: 4,
      lr: 0.1,
      optimizer: "sgd",
      schedule: "constant",
    } as const;
    const point = { epoch: 1, loss: 1, trainAccuracy: 0.5, testAccuracy: 0.5 };
    await save(out, [[out, writeSafetensors({})]], good, [point], settings);
    const path = join(folder, "run.checkpoint.safetensors");
    const whole = Uint8Array.from(readFileSync(path));
    expect((await readSaved(out)).history).toEqual([point]);
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (file) => {
        writeFileSync(path, file);
        try {
          const { history, settings, epoch } = await readSaved(out);
          expect(epoch).toBeGreaterThanOrEqual(0);
          expect(history.every((p) => Number.isFinite(p.loss + p.testAccuracy))).toBe(true);
          expect(settings.epochs === undefined || settings.epochs > 0).toBe(true);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        expect(Uint8Array.from(readFileSync(path))).toEqual(file);
      }),
      { numRuns: 300, seed },
    );
    for (const notes of [
      { history: "[1]" },
      { history: "{}" },
      { settings: "[]x" },
      { settings: '{"epochs":"9"}' },
      { settings: "null" },
    ]) {
      writeFileSync(path, writeSafetensors(good.tensors, { ...good.metadata, ...notes }));
      await expect(readSaved(out)).rejects.toBeInstanceOf(UserError);
    }
  });

  test("a write that fails leaves nothing half written", async () => {
    const out = join(folder, "whole.safetensors");
    const settings = {
      data: "synthetic",
      epochs: 9,
      batch: 4,
      lr: 0.1,
      optimizer: "sgd",
      schedule: "constant",
    } as const;
    await save(out, [[out, writeSafetensors({})]], good, [], settings);
    const before = readdirSync(folder).sort();
    const bad = { x: { shape: [2], data: Float32Array.of(1) } };
    expect(() => writeSafetensors(bad)).toThrow(/"x" has 1 elements, its shape \[2\] needs 2/);
    await expect(
      save(out, [[out, writeSafetensors({})]], { ...good, tensors: bad }, [], settings),
    ).rejects.toThrow();
    expect(readdirSync(folder).sort()).toEqual(before);
    expect((await readSaved(out)).epoch).toBe(2);
  });
});

describe("tuning files", () => {
  const good = {
    format: "weft-tuning",
    version: 2,
    adapters: [
      {
        vendor: "v",
        architecture: "a",
        device: "d",
        description: "x",
        features: ["subgroups"],
        target: "quads",
        batch: 16,
        kernels: {
          key: {
            layers: "conv1",
            kernel: "conv1",
            default: 2,
            tuned: 1,
            defaultBuild: 3,
            build: 4,
            schedule: "register tile 1×4, workgroup 64",
          },
        },
      },
    ],
  };

  test("damaged", async () => {
    const path = join(folder, "model.tune.json");
    writeFileSync(path, JSON.stringify(good));
    expect(await readTuning(path)).toEqual(good);
    const files = fc.oneof(
      mutated(good).map((value) => JSON.stringify(value) ?? ""),
      damaged(new TextEncoder().encode(JSON.stringify(good))).map((b) => Buffer.from(b).toString("latin1")),
    );
    await fc.assert(
      fc.asyncProperty(files, async (text) => {
        writeFileSync(path, text);
        try {
          await readTuning(path);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }),
      { numRuns: 500, seed },
    );
  });

  test("whose schedules make no sense: the kernel is compiled as by default, or as they say", () => {
    const sane = fc.constantFrom(1, 2, 4, 5);
    const number = fc.oneof(
      { weight: 9, arbitrary: sane },
      fc.constantFrom(8, 100, 400, 0, -1, 0.5, 2 ** 31, 1e300),
    );
    // Dense layers have two axes, and sum over one.
    const numbers = (length: number) =>
      fc.oneof(
        { weight: 4, arbitrary: fc.array(number, { minLength: length, maxLength: length }) },
        fc.array(number, { maxLength: 9 }),
      );
    const contraction = fc
      .record({
        tile: numbers(2),
        unroll: numbers(1),
        workgroup: fc.constantFrom(64, 64, 32, 128, 256, 257, 0, 0.5),
        more: fc.constantFrom("", "", ", subgroup broadcast lhs", ", opaque loops", ", looped stores, ,"),
      })
      .map(({ tile, unroll, workgroup, more }) => {
        const steps = unroll.some((n) => n !== 1) ? `, unroll ${unroll.join("×")}` : "";
        const shared = more.includes("broadcast") ? more : "";
        const rest = more === shared ? "" : more;
        return `register tile ${tile.join("×")}${steps}${shared}, workgroup ${workgroup}${rest}`;
      });
    const mapReduce = fc
      .constantFrom(1, 2, 4, 3)
      .map((v) => `thread per position, vector ${v}, workgroup 64`);
    const schedules = fc.oneof(
      { weight: 2, arbitrary: contraction },
      mapReduce,
      fc.constantFrom("", "split-K 4", "split-K 3", "parallel reduction 4 members", "workgroup tile 0×0"),
    );
    const plain = compile(lenet.graph).program;
    let taken = 0;
    fc.assert(
      fc.property(fc.array(schedules, { minLength: 5, maxLength: 5 }), (list) => {
        let next = 0;
        // Every kernel finds one under its key.
        const tuning = new Proxy({}, { get: () => list[next++ % list.length] });
        const { program } = compile(lenet.graph, { tuning });
        validateProgram(JSON.parse(JSON.stringify(program)));
        const bytes = program.kernels.reduce((sum, k) => sum + k.wgsl.length, 0);
        expect(bytes).toBeLessThan(2e6);
        if (JSON.stringify(program) !== JSON.stringify(plain)) taken++;
      }),
      { numRuns: 80, seed },
    );
    expect(taken).toBeGreaterThan(10);
  });
});
