/** A GPUDevice that carries kernels out by the `check` target: what it finds ends the run. */
import type { Compilation } from "../../compiler/compile.ts";
import type { KernelModule } from "../../compiler/ir/stmt.ts";
import { describeFinding } from "../../compiler/targets/check/report.ts";
import { type RunUniform, runChecked } from "../../compiler/targets/check/run.ts";
import type { Program, Shader } from "../../contract/program.ts";
import { interpreter } from "../wgsl/device.ts";
import type { Bound, Machine } from "../wgsl/machine.ts";

type Compiled = Pick<Compilation, "program" | "modules">;

/** A device for the kernels of some compilations, all of them for WebGPU or all for WebAssembly: it carries out what both are made of. */
export function checker(...compilations: readonly Compiled[]): GPUDevice {
  const machines = new Map<string, Machine>();
  for (const { program, modules } of compilations)
    program.kernels.forEach((kernel, i) => {
      const module = modules[i];
      if (!module) return;
      const machine = machineOf(kernel, module, program.sizes);
      // Asked for by its module's code and its number, or by its text.
      machines.set(`${program.module?.code} ${i}`, machine).set(`${kernel.wgsl} main`, machine);
    });
  const isWasm = compilations.some(({ program }) => program.module);
  return interpreter({
    ...(isWasm && { runsOn: { kind: "wasm", text: "checked" } }),
    machineFor: (code, entryPoint) => {
      const machine = machines.get(`${code} ${entryPoint}`);
      if (!machine) throw new Error(`a kernel of no compilation:\n${code}`);
      return machine;
    },
  });
}

export function machineOf(kernel: Shader, module: KernelModule, sizes: Program["sizes"] = []): Machine {
  const first = kernel.usesBatch ? 1 : 0;
  const names = kernel.bindings.map((b) => b.name);
  return {
    writes: module.bindings.flatMap((m, i) => (m.writable ? [first + i] : [])),
    run(bound, [x, y, z]) {
      const uniform = uniformOf(first === 1 ? bound[0] : undefined, sizes);
      const [finding] = runChecked(module, bound.slice(first), x * y * z, uniform);
      if (finding) throw new Error(`kernel "${kernel.name}", ${describeFinding(module, names, finding)}`);
    },
  };
}

function uniformOf(bound: Bound | undefined, sizes: NonNullable<Program["sizes"]>): RunUniform {
  if (!bound) return { n: 0 };
  const { bytes, offset = 0 } = bound;
  const fields = bytes.byteLength - offset >= 32 ? 8 : 1;
  const words = new Uint32Array(bytes, offset, Math.min(fields, 4));
  const rates = fields === 8 ? Array.from(new Float32Array(bytes, offset + 16, 4)) : [];
  const others = new Uint32Array(bytes, offset + (sizes.length > 0 ? 32 : 0), sizes.length);
  return {
    n: words[0] ?? 0,
    offset: words[1] ?? 0,
    step: words[2] ?? 0,
    seed: words[3] ?? 0,
    rates,
    sizes: Object.fromEntries(sizes.map(({ name }, i) => [name, others[i] ?? 0])),
  };
}
