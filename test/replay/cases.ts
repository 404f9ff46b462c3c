/**
 * What a compiler writes for every model, target and precision, inference and training: to be compared with what another
 * commit's writes. It uses only what a compiler of any commit has; where one cannot compile a case, its message stands there.
 */
import { compile, compileTraining, type Graph, sgd, type TargetName } from "weftgpu";

/** Kernels by number, and the Program without them. */
export type Written = Readonly<Record<string, string>>;

const TARGETS: readonly TargetName[] = ["portable", "gpu", "octets", "quads"];

/** Texts by what they are: `lenet, quads, f16: conv1_pool1`. */
export function written(models: Readonly<Record<string, { readonly graph: Graph }>>): Written {
  const found: Record<string, string> = {};
  for (const [name, { graph }] of Object.entries(models)) {
    for (const target of TARGETS) {
      const add = (how: string, programs: () => Readonly<Record<string, Program>>): void => {
        Object.assign(found, texts(`${name}, ${target}, ${how}`, programs));
      };
      add("f32", () => ({ run: compile(graph, { target }).program }));
      add("f16", () => ({ run: compile(graph, { target, precision: "f16" }).program }));
      add("i8", () => ({ run: compile(graph, { target, quantise: "i8" }).program }));
      add("bake", () => ({ run: compile(graph, { target, bake: valuesOf(graph) }).program }));
      add("training", () => {
        const { step, evaluate } = compileTraining(graph, { target, optimizer: sgd({ lr: 0.1 }) });
        return { step, evaluate };
      });
    }
  }
  return found;
}

type Program = ReturnType<typeof compile>["program"];

function texts(what: string, programs: () => Readonly<Record<string, Program>>): Written {
  const found: Record<string, string> = {};
  try {
    for (const [part, program] of Object.entries(programs())) {
      const { kernels, ...rest } = program;
      kernels.forEach((kernel, i) => {
        found[`${what}: ${part}, kernel ${i} ${kernel.name}`] = kernel.wgsl;
      });
      const others = { ...rest, kernels: kernels.map(({ wgsl: _, ...kernel }) => kernel) };
      found[`${what}: ${part}, program`] = JSON.stringify(others, undefined, 1);
    }
  } catch (error) {
    found[`${what}: message`] = String(error);
  }
  return found;
}

/** Numbers for the small parameters; which ones does not matter. */
function valuesOf(graph: Graph) {
  const params = graph.nodes.filter((n) => n.kind === "param");
  const small = params.filter((p) => p.type.shape.reduce<number>((a, d) => a * Number(d), 1) <= 1024);
  return Object.fromEntries(
    small.map((p) => {
      const shape = p.type.shape.map(Number);
      const data = Float32Array.from({ length: shape.reduce((a, d) => a * d, 1) }, (_, i) => (i % 7) - 3);
      return [p.origin.name, { shape, data }];
    }),
  );
}
