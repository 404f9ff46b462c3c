/**
 * Workgroup staging: the threads of a workgroup evaluate some steps of both factors together, each value once, keep
 * them in workgroup memory, and read from there what their register tiles need (Volkov & Demmel, "Benchmarking GPUs to
 * Tune Dense Linear Algebra", 2008).
 */
import { must } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel } from "../ir/kernel.ts";
import { axisIndex, batchFirst, newAxis } from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import { type Block, type Fetch, type Staged, sizeOf } from "./block.ts";
import { type Accumulator, cutsOf, loopInBlocks, zeroOf } from "./sums.ts";
import { type Held, type Position, product, registerPositions, stepsAt, sum } from "./threads.ts";
import type { Writer } from "./writer.ts";

/** A factor's value at a register position, at the current step. */
export type Read = (position: Position) => string;

/** Both factors at one step of the sum. */
export type Factors = readonly [left: Read, right: Read];

/**
 * Writes the sum, block by block of steps. `windows` are what all threads hold whole; `add` adds one step's products to
 * some accumulators: to `into` in the end.
 */
export function walkBlocks(
  writer: Writer,
  kernel: ContractionKernel,
  schedule: Staged,
  block: Block,
  windows: readonly Held[],
  into: readonly Accumulator[],
  add: (steps: readonly Factors[], into: readonly Accumulator[]) => void,
): void {
  const { depth } = schedule.stage;
  const steps = batchFirst(kernel.k);
  const known = steps.reduce((a, x) => a * (x.extent === "N" ? 1 : x.extent), 1);
  const endless = steps[0]?.extent === "N";
  const total = endless ? `${writer.batch().text} * ${known}` : `${known}`;
  const stores = [block.rows, block.columns].map((f) => storeOf(writer, kernel, f, windows, schedule));
  const end = endless ? `(${total} + ${depth - 1}) / ${depth}` : Math.ceil(known / depth);
  const step = newAxis("step", depth);
  const turns = endless ? Number.POSITIVE_INFINITY : Math.ceil(known / depth);
  const [cuts] = cutsOf([turns], { each: depth, levels: 1 });
  loopInBlocks(writer, { stem: "part", end, step: 1, turns }, must(cuts, "cuts"), into, (name, parts) => {
    for (const store of stores) store.fill(steps, name, endless || known % depth !== 0 ? total : undefined);
    writer.push({ kind: "barrier" });
    writer.loop(step, () => {
      const at = writer.index(axisIndex(step)).text;
      const [left, right] = stores.map((store) => store.read(at));
      add([[must(left, "rows"), must(right, "columns")]], parts);
    });
    writer.push({ kind: "barrier" });
  });
}

interface Store {
  /** Fills it with part `part` of the sum; past `total` steps the factor is 0. */
  fill(axes: readonly Axis[], part: string, total: string | undefined): void;
  read(step: string): Read;
}

/** The workgroup's array of one factor: `depth` steps, each with the registers of all threads along its side. */
function storeOf(
  writer: Writer,
  kernel: ContractionKernel,
  { side, spot, own, step, stride, held, gap }: Fetch,
  windows: readonly Held[],
  { stage: { depth }, vector: lane }: Staged,
): Store {
  const free = freeAxes(side.factor);
  const used = [...kernel.axes.keys()].filter((i) => free.has(must(kernel.axes[i], "axis")));
  const place = (i: number): Held => {
    const axis = kernel.axes[i];
    return must(
      [...held, ...windows].find((h) => h.axis === axis),
      "held axis",
    );
  };
  const positions = registerPositions(used.map(place));
  const slots = new Map(positions.map((p, i) => [p.registers.join(), i]));
  const hasLane = used.some((i) => kernel.axes[i] === lane?.axis);
  const wide = hasLane && writer.lane ? (writer.lane.extent as Width) : 1;
  // Scalars lie in vectors where their number allows it.
  const pack = wide > 1 ? 1 : positions.length % 4 === 0 ? 4 : positions.length % 2 === 0 ? 2 : 1;
  const width = (wide > 1 ? wide : pack) as Width;
  const vectors = positions.length / pack;
  const size = sizeOf(side);
  const row = vectors * size + gap;
  const array = writer.share(`${side.stem}s`, `array<${wgslType(width)}, ${depth * row}>`);

  const element = (at: string, vector: number): string => (vector > 0 ? `${at} + ${vector * size}` : at);
  const fillStep = (axes: readonly Axis[], part: string, total: string | undefined, at: string): void => {
    const raw = writer.name("at");
    writer.push({ kind: "let", name: raw, value: `${part} * ${depth} + ${at}` });
    const number = total === undefined ? raw : writer.name("at");
    if (total !== undefined) writer.push({ kind: "let", name: number, value: `min(${raw}, ${total} - 1)` });
    const steps = stepsAt(writer, axes, number);
    const zero = zeroOf(wide);
    const values = positions.map((p) => {
      const value = writer.value(substitute(side.factor, new Map([...steps, ...p.at])));
      const text = value.width === wide ? value.text : `${wgslType(wide)}(${value.text})`;
      return total === undefined ? text : `select(${zero}, ${text}, ${raw} < ${total})`;
    });
    const to = writer.name("to");
    writer.push({ kind: "let", name: to, value: sum(product(at, row), spot.thread) });
    for (let v = 0; v < vectors; v++) {
      const some = values.slice(v * pack, (v + 1) * pack);
      const value = pack === 1 ? must(some[0], "value") : `${wgslType(width)}(${some.join(", ")})`;
      writer.push({ kind: "assign", target: `${array}[${element(to, v)}]`, op: "=", value });
    }
  };
  const fill = (axes: readonly Axis[], part: string, total: string | undefined): void => {
    if (stride === depth) {
      fillStep(axes, part, total, step);
      return;
    }
    const rounds = newAxis("round", depth / stride);
    writer.loop(rounds, () => {
      const at = writer.name("step");
      const round = writer.index(axisIndex(rounds)).text;
      writer.push({ kind: "let", name: at, value: `${step} + ${product(round, stride)}` });
      fillStep(axes, part, total, at);
    });
  };
  const read = (at: string): Read => {
    const from = writer.name("from");
    writer.push({ kind: "let", name: from, value: sum(product(at, row), own.thread) });
    const names = Array.from({ length: vectors }, (_, v) => {
      const name = writer.name(side.stem);
      writer.push({ kind: "let", name, value: `${array}[${element(from, v)}]` });
      return name;
    });
    return (position) => {
      const slot = must(slots.get(used.map((i) => position.registers[i]).join()), "slot");
      const name = must(names[Math.floor(slot / pack)], "vector");
      return pack === 1 ? name : `${name}.${"xyzw"[slot % pack]}`;
    };
  };
  return { fill, read };
}
