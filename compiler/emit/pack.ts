/**
 * A Program as a JavaScript expression of few bytes. Whatever can be read from the kernels' WGSL or from the
 * dispatches is left out, records become tuples, and `unpack` puts everything back when the bundle is loaded.
 */
import type { Program, Shader } from "../../contract/program.ts";
import { InternalError } from "../errors.ts";
import { abbreviate } from "./abbreviate.ts";
import { literal } from "./names.ts";
import { packWasmPrograms, withoutText } from "./packWasm.ts";
import { deltas, squeeze } from "./squeeze.ts";
import { dispatch, type Json, READERS, signature } from "./tuples.ts";

/**
 * The other direction, as the text that the bundle carries. Regular expressions find in a kernel's squeezed WGSL
 * what `Shader` repeats of it: the workgroup size and the bindings. Programs share texts: `ids` says which ones are
 * a program's, 0 that they are the first ones in their order. `halves`: whether any kernel binds f16; `ranges`: whether any
 * program has dispatches for ranges of the batch.
 */
const unpack = (halves: boolean, ranges: boolean): string => `(text, phrases, programs) => {
  const whole = phrases.reduceRight((text, [code, phrase]) => text.split(code).join(phrase), text);
  const texts = whole.split("\\n").map((kernel) => {
    const last = {};
    let key = "";
    return kernel.replace(/([^]*?)(?<![.\\d])(#?)(0|[1-9]\\d*)(?!\\d)/g, (_, before, minus, digits) => {
      key = (key + before).slice(-4);
      return before + (last[key] = (last[key] || 0) + (minus ? -digits : +digits));
    });
  });
  ${READERS}
  return programs.map(([name, inputs, outputs, params, buffers, ids, names, prepare, dispatches, peak, more]) => {
    const first = prepare.map(dispatch);
    const then = dispatches.map(dispatch);${
      ranges
        ? `
    const ranges = (more.ranges || []).map(([most, ...list]) => ({ most, dispatches: list.map(dispatch) }));
    const lists = [[...first, ...then], ...ranges.map((r) => r.dispatches)];`
        : ""
    }
    return {
      format: "weft-program",
      version: 1,
      name,
      inputs: inputs.map(signature),
      outputs: outputs.map(signature),
      params: params.map(signature),
      buffers: buffers.map(([name, ...bytes]) => ({ name, bytes: count(bytes) })),
      kernels: names.map((name, i) => {
        const layers = ${
          ranges
            ? "lists.map((l) => l.filter((d) => d.kernel == i)).find((l) => l.length)"
            : "[...first, ...then].filter((d) => d.kernel == i)"
        }.flatMap((d) => d.layers);
        const wgsl = texts[ids ? ids[i] : i];
        return {
          name: name || [...new Set([layers[0], layers.at(-1)])].join("_").replace(/\\W+/g, "_"),
          layers,
          wgsl,
          workgroup: +/workgroup_size\\((\\d+)/.exec(wgsl)[1],
          usesBatch: /var<uniform>/.test(wgsl),
          bindings: [...wgsl.matchAll(/<storage,(\\w+)>(\\w+)${halves ? ":array<(?:vec\\d<)?(f16)?" : ""}/g)].map(
            ([, access, name${halves ? ", storage" : ""}]) => ({ name, access${halves ? ", ...(storage && { storage })" : ""} })
          ),
        };
      }),
      prepare: first,
      dispatches: then,
      peakBytes: count(peak),
      ...more,${ranges ? "\n      ...(more.ranges && { ranges })," : ""}
    };
  });
}`;

/** An expression whose value is the program, its WGSL squeezed. */
export function packProgram(program: Program): string {
  return `${packPrograms([program])}[0]`;
}

/**
 * An expression whose value is the list of programs, their WGSL squeezed; of those for WebAssembly, without text. What is
 * beside a program goes beside it.
 */
export function packPrograms(programs: readonly Program[]): string {
  if (programs.every((p) => p.module)) {
    const plain = programs.map(withoutText);
    return checked(packWasmPrograms(plain, literal), plain);
  }
  const beside = programs.flatMap((p) => p.wasm ?? []);
  if (beside.length === programs.length) {
    const [alone, others] = [programs.map(({ wasm: _, ...program }) => program), beside].map(packPrograms);
    return `((programs, wasm) => programs.map((p, i) => ({ ...p, wasm: wasm[i] })))(${alone}, ${others})`;
  }
  const small = programs.map((program) => ({
    ...program,
    kernels: program.kernels.map((k) => ({ ...k, wgsl: squeeze(k.wgsl) })),
  }));
  const texts = [...new Set(small.flatMap((p) => p.kernels.map((k) => k.wgsl)))];
  const { text, phrases } = abbreviate(texts.map(deltas).join("\n"));
  const halves = small.some((p) => p.kernels.some((k) => k.bindings.some((b) => b.storage)));
  const ranges = small.some((p) => p.ranges);
  const packed = `(${unpack(halves, ranges)})(${[text, phrases, small.map((p) => tuples(p, texts))].map(literal).join(", ")})`;
  return checked(packed, small);
}

/** An expression of these programs, if it is: else they themselves. */
function checked(packed: string, programs: readonly Program[]): string {
  if (same(evaluate(packed), programs)) return packed;
  // Kernels of another make than this compiler's, where what was left out cannot be read from the WGSL.
  const plain = literal(programs);
  if (!same(evaluate(plain), programs)) throw new InternalError(`program "${programs[0]?.name}" is not JSON`);
  return plain;
}

/** Fields that are not in the tuples, now or in a later version of `Program`, go along as they are. */
function tuples(program: Program, texts: readonly string[]): Json {
  const { name, inputs, outputs, params, buffers, kernels, prepare, dispatches, peakBytes, ...rest } =
    program;
  const { format: _, version, baked, ranges, module: __, wasm: ___, ...others } = rest;
  const more = {
    ...others,
    ...(version !== 1 && { version }),
    ...(baked && { baked: baked.map((b) => ({ ...b })) }),
    ...(ranges && { ranges: ranges.map((r) => [r.most, ...r.dispatches.map(dispatch)]) }),
  };
  const ids = kernels.map((k) => texts.indexOf(k.wgsl));
  return [
    name,
    inputs.map(signature),
    outputs.map(signature),
    params.map(signature),
    buffers.map((b) => [b.name, b.bytes.fixed, b.bytes.perBatch]),
    ids.every((id, i) => id === i) ? 0 : ids,
    kernels.map((k) => (k.name === usualName(k) ? 0 : k.name)),
    prepare.map(dispatch),
    dispatches.map(dispatch),
    [peakBytes.fixed, peakBytes.perBatch],
    more,
  ];
}

/** The name that `unpack` gives a kernel of these layers. */
function usualName({ layers }: Shader): string {
  return [...new Set([layers[0], layers.at(-1)])].join("_").replace(/\W+/g, "_");
}

/** The value of an expression that was made here from literals alone; undefined where it throws. */
function evaluate(expression: string): unknown {
  try {
    return new Function(`return ${expression}`)();
  } catch {
    return undefined;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The same value with every record's fields in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, sorted(field)]);
}
