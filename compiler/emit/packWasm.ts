/** Programs for WebAssembly as a JavaScript expression of few bytes: records become tuples; no kernel's text is there. */
import type { Program } from "../../contract/program.ts";
import { dispatch, READERS, signature } from "./tuples.ts";

const UNPACK = `(codes, programs) => {
  const modules = codes.map((text) => btoa(text.replace(/[^]/g, (char) => {
    const code = char.charCodeAt(0);
    return String.fromCharCode(code - (code < 127 ? 32 : 112));
  })));
  ${READERS}
  return programs.map(([name, inputs, outputs, params, buffers, kernels, prepare, dispatches, peak, [code, slack], more]) => {
    const first = prepare.map(dispatch);
    const then = dispatches.map(dispatch);
    return {
      format: "weft-program",
      version: 1,
      name,
      inputs: inputs.map(signature),
      outputs: outputs.map(signature),
      params: params.map(signature),
      buffers: buffers.map(([name, ...bytes]) => ({ name, bytes: count(bytes) })),
      kernels: kernels.map(([name, uses, cost, bindings, workgroup = 1], i) => ({
        name,
        layers: [...first, ...then].filter((d) => d.kernel == i).flatMap((d) => d.layers),
        wgsl: "",
        workgroup,
        usesBatch: !!uses,
        cost,
        bindings: [...bindings].map((b, i) => ({ name: "b" + i, access: b == "r" ? "read" : "read_write" })),
      })),
      prepare: first,
      dispatches: then,
      peakBytes: count(peak),
      module: { code: modules[code], slack },
      ...more,
    };
  });
}`;

/** Without what only people read: the kernels' text, and what their bindings are called. */
export function withoutText(program: Program): Program {
  return {
    ...program,
    kernels: program.kernels.map((k) => ({
      ...k,
      wgsl: "",
      bindings: k.bindings.map(({ access }, i) => ({ name: `b${i}`, access })),
    })),
  };
}

/** An expression whose value is the list of programs, each as `withoutText` leaves it. */
export function packWasmPrograms(programs: readonly Program[], literal: (value: unknown) => string): string {
  const codes = [...new Set(programs.map((p) => p.module?.code ?? ""))];
  const texts = codes.map((code) => visible(Buffer.from(code, "base64")));
  return `(${UNPACK})(${literal(texts)}, ${literal(programs.map((p) => tuple(p, codes)))})`;
}

/**
 * Bytes as visible characters, of which those of small numbers take a byte: compressed, base64 is a third larger, since its
 * characters do not begin where bytes do.
 */
const visible = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => String.fromCharCode(b + (b < 95 ? 32 : 112))).join("");

function tuple(program: Program, codes: readonly string[]): readonly unknown[] {
  const { name, inputs, outputs, params, buffers, kernels, prepare, dispatches, peakBytes, ...rest } =
    program;
  const { format: _, version, module, ...others } = rest;
  return [
    name,
    inputs.map(signature),
    outputs.map(signature),
    params.map(signature),
    buffers.map((b) => [b.name, b.bytes.fixed, b.bytes.perBatch]),
    kernels.map((k) => [
      k.name,
      Number(k.usesBatch),
      k.cost,
      k.bindings.map((b) => (b.access === "read" ? "r" : "w")).join(""),
      ...(k.workgroup === 1 ? [] : [k.workgroup]),
    ]),
    prepare.map(dispatch),
    dispatches.map(dispatch),
    [peakBytes.fixed, peakBytes.perBatch],
    [codes.indexOf(module?.code ?? ""), module?.slack],
    { ...others, ...(version !== 1 && { version }) },
  ];
}
