/** How far the results of an op are from a float64 oracle, in units in the last place of f32 and absolutely. */
import { compile } from "../../compiler/compile.ts";
import { model } from "../../compiler/dsl/index.ts";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import type { Arrays, NdArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";
import { runOnAdapter } from "../oracle/weft.ts";
import { type Measurement, valuesOf } from "./ops.ts";

export interface Parity {
  readonly op: string;
  readonly operands: string;
  readonly unit: Measurement["unit"];
  readonly target: TargetName;
  readonly values: number;
  readonly ulp: number;
  readonly absolute: number;
}

/** The distance from an f32 of this size to the next: 2⁻²³ of its power of two; among denormal numbers 2⁻¹⁴⁹. */
export function lastPlace(size: number): number {
  const power = Math.max(-126, Math.floor(Math.log2(Math.abs(size))));
  // The logarithm may be rounded across a power of two.
  const exact = 2 ** power > Math.abs(size) && power > -126 ? power - 1 : power;
  return 2 ** (exact - 23);
}

/** Every target that has kernels of its own for this op. */
export async function measure(m: Measurement, targets: readonly TargetName[]): Promise<readonly Parity[]> {
  const y = m.build();
  const given = topologicalOrder([y.node]).filter((n) => n.kind === "input");
  const { graph } = model("parity", Object.fromEntries(given.map((n) => [n.origin.name, tensorOf(n)])), {
    y,
  });
  const fill = (name: string, shape: readonly number[], seed: number): NdArray => {
    const size = shape.reduce((a, d) => a * d, 1);
    // Running variances are positive.
    const range = /running_var$/.test(name) ? { from: 0.5, to: 2 } : (m.ranges[name] ?? m.ranges.x);
    return { shape, data: valuesOf(range, size, seed) };
  };
  const inputs: Arrays = Object.fromEntries(
    graph.inputs.map(({ name, node }, i) => [
      name,
      fill(
        name,
        node.type.shape.map((d) => (typeof d === "number" ? d : m.batch)),
        1 + i,
      ),
    ]),
  );
  const params: Arrays = Object.fromEntries(
    graph.nodes.flatMap((node, i) =>
      node.kind === "param"
        ? [[node.origin.name, fill(node.origin.name, node.type.shape.map(Number), 100 + i)]]
        : [],
    ),
  );
  const want = only(evaluate(graph, inputs, params));
  const sizes = m.unit === "result" ? want : only(evaluate(graph, absolutes(inputs), absolutes(params)));
  const rows: Parity[] = [];
  for (const target of targets) {
    const { program } = compile(graph, { target });
    const [got] = await runOnAdapter(program, params, inputs);
    const data = Object.values(got ?? {})[0]?.data ?? new Float32Array();
    let [ulp, absolute] = [0, 0];
    want.data.forEach((exact, i) => {
      const error = Math.abs((data[i] ?? Number.NaN) - exact);
      // A comparison that also takes NaN as the largest.
      if (!(error <= absolute)) absolute = error;
      const units = error / lastPlace(sizes.data[i] ?? 0);
      if (!(units <= ulp)) ulp = units;
    });
    const { op, operands, unit } = m;
    rows.push({ op, operands, unit, target, values: want.data.length, ulp, absolute });
  }
  return rows;
}

const absolutes = (arrays: Arrays): Arrays =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: data.map(Math.abs) }]),
  );

function only(outputs: Record<string, NdArray>): NdArray {
  const [first] = Object.values(outputs);
  if (!first) throw new Error("no output");
  return first;
}
