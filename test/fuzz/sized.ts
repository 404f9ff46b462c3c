/** Random models with sizes that a run decides: one program, run at several of them. */
import type { Tensor } from "../../compiler/dsl/index.ts";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { UserError } from "../../compiler/errors.ts";
import { sizeOf } from "../../compiler/ir/type.ts";
import type { SizeValues } from "../../contract/sizes.ts";
import { Dice } from "./dice.ts";
import { applyLine, buildModel, type Dim, type Line, type ModelSpec, type Operand, renamed } from "./spec.ts";

/**
 * A drawn model with T in place of a number of its inputs' shapes, the number its bound; or with T and S, or T twice. Lines
 * that refuse it are left out, and what they were applied to goes on in their place; some along T follow. Undefined where none is left.
 */
export function sizedModel(spec: ModelSpec, choices: readonly number[]): ModelSpec | undefined {
  const dice = new Dice(choices);
  const shape = spec.inputs[0]?.shape ?? [];
  const open = shape.flatMap((d, axis) => (d === "N" ? [] : [{ axis, max: d }]));
  if (open.length === 0) return undefined;
  const first = dice.pick(open.toReversed());
  const sizes = new Map([[first.axis, sizeOf("T", first.max)]]);
  const second = dice.rarely(3) ? dice.pick(open) : first;
  if (second !== first)
    sizes.set(second.axis, second.max === first.max ? sizeOf("T", first.max) : sizeOf("S", second.max));
  const inputs = spec.inputs.map((input) => ({
    ...input,
    // A drawn model knows numbers and N alone; the language takes either.
    shape: input.shape.map((d, axis) => (d === shape[axis] ? (sizes.get(axis) ?? d) : d)) as Dim[],
  }));
  const kept = surviving({ ...spec, inputs }, dice);
  if (!kept?.inputs.some((i) => i.shape.some((d) => typeof d === "object"))) return undefined;
  const most = [...sizes.values()];
  const runs = [
    () => Object.fromEntries(most.map(({ name, max }) => [name, dice.between(1, max)])),
    () => Object.fromEntries(most.map(({ name, max }) => [name, dice.rarely(2) ? max : 1])),
    () => Object.fromEntries(most.map(({ name }) => [name, 1])),
    () => Object.fromEntries(most.map(({ name, max }) => [name, dice.between(1, max)])),
  ].map((values): SizeValues => values());
  const { batches } = spec;
  // Products of products: of large numbers they are beyond f32.
  return { ...kept, scale: 1, sizes: runs, batches: runs.map((_, i) => batches[i % batches.length] ?? 1) };
}

/** The lines that such inputs allow, then some along their sizes, and what outputs need of them. */
function surviving(spec: ModelSpec, dice: Dice): ModelSpec | undefined {
  const sources = [...spec.inputs, ...spec.params].map(({ name }) => ({ name, of: name }));
  const graph = buildModel({ ...spec, lines: [], outputs: sources });
  const tensors = new Map(graph.outputs.map(({ name, node }) => [name, tensorOf(node)]));
  const find = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`the model has no ${name}`);
    return tensor;
  };
  const lines: Line[] = [];
  /** Whether it is taken. */
  const take = (line: Line): boolean => {
    try {
      tensors.set(line.name, applyLine(line, find));
    } catch (e) {
      if (e instanceof UserError) return false;
      throw e;
    }
    lines.push(line);
    return true;
  };
  const stand = new Map<string, string>();
  const named = (o: string): string => stand.get(o) ?? o;
  for (const line of spec.lines) {
    const operands = line.operands.map((o) => renamed(o, named));
    const first = operands.flat().find((o) => typeof o === "string");
    if (!take({ ...line, operands }) && first !== undefined) stand.set(line.name, first);
  }
  const added: string[] = [];
  for (let i = dice.between(1, 3); i > 0; i--) {
    const sized = [...tensors.keys()].filter((name) => sizesOf(find(name)).length > 0);
    const x = added.at(-1) ?? sized.at(-1);
    if (x === undefined || sizesOf(find(x)).length === 0) break;
    for (const line of along(dice, x, find(x), `t${i}`)) {
      if (!take(line)) break;
      added.push(line.name);
    }
  }
  const all = [...spec.outputs.map((o) => ({ ...o, of: named(o.of) })), ...added.slice(-1).map(asOutput)];
  const needed = new Set(all.map((o) => o.of));
  for (const line of lines.toReversed())
    if (needed.has(line.name)) for (const o of line.operands.flat()) if (typeof o === "string") needed.add(o);
  const inputs = spec.inputs.filter((i) => needed.has(i.name));
  if (inputs.length === 0) return undefined;
  return {
    ...spec,
    inputs,
    params: spec.params.filter((p) => needed.has(p.name)),
    lines: lines.filter((l) => needed.has(l.name)),
    outputs: all,
  };
}

const asOutput = (of: string): ModelSpec["outputs"][number] => ({ name: of, of });

/** The axes of sizes besides N. */
const sizesOf = ({ shape }: Tensor): readonly number[] =>
  shape.flatMap((d, axis) => (typeof d === "object" ? [axis] : []));

/** What texts and attention are made of: sums, means and weights along a size, and products over it. */
function along(dice: Dice, x: string, tensor: Tensor, name: string): readonly Line[] {
  const axis = dice.pick(sizesOf(tensor));
  const line = (end: string, op: string, operands: readonly Operand[], options?: Line["options"]): Line => ({
    name: `${name}${end}`,
    op,
    operands,
    ...(options && { options }),
  });
  const reduced = dice.pick(["mean", "sum", "max", "min"]);
  switch (dice.roll(6)) {
    case 1:
      return [line("", dice.pick(["softmax", "logSoftmax"]), [x], { axis })];
    case 2:
      return [
        line("a", reduced, [x], { axis, keepDims: true }),
        line("", dice.pick(["sub", "add", "mul"]), [x, `${name}a`]),
      ];
    case 3:
      return [line("a", "transpose", [x]), line("", "matmul", [x, `${name}a`])];
    case 4:
      return [
        line("a", "transpose", [x]),
        line("b", "matmul", [x, `${name}a`]),
        line("c", "softmax", [`${name}b`]),
        line("", "matmul", [`${name}c`, x]),
      ];
    case 5:
      return [line("", "linear", [x], { out: dice.between(1, 9) })];
    default:
      return [line("", reduced, [x], { axis })];
  }
}
