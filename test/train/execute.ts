/** Runs a program dispatch by dispatch, with a uniform of one's own: steps of training without the runtime's trainer. */
import type { Dispatch, Program, Signature } from "../../contract/program.ts";
import { ROW_ARRAYS } from "../../contract/rows.ts";
import { ARRAYS, permute } from "../../contract/tensor.ts";
import { shapeAt } from "../../contract/type.ts";
import { type Arrays, type NdArray, sizeOf } from "../oracle/array.ts";
import { deviceFor } from "../oracle/weft.ts";

/** GPUBufferUsage and GPUMapMode as numbers: these globals are a browser's, not Node's. */
const STORAGE = 0x80 | 0x08 | 0x04;
const UNIFORM = 0x40 | 0x08;
const READBACK = 0x08 | 0x01;
const READ = 1;

export interface StepOptions {
  readonly batch: number;
  readonly step?: number;
  readonly seed?: number;
  /** Learning rate and Adam's corrections. */
  readonly rates?: readonly number[];
}

export interface Execution {
  /** Writes inputs, runs all dispatches once. */
  run(inputs: Arrays, options: StepOptions): void;
  /** A parameter or an output, as it is now. */
  read(name: string): Promise<NdArray>;
  destroy(): void;
}

/** The bytes of the elements, and zeros up to a whole word. */
function inWords({ buffer }: Uint8Array | Uint16Array | Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(buffer.byteLength / 4) * 4);
  bytes.set(new Uint8Array(buffer));
  return bytes;
}

/** For batches of at most `most`. Constants have their own values, other parameters without one start at 0. Default: where `deviceFor` says. */
export async function execute(
  program: Program,
  params: Arrays,
  most: number,
  own?: GPUDevice,
): Promise<Execution> {
  const device = own ?? (await deviceFor(program));
  const buffers = program.buffers.map(({ name, bytes }, i) => {
    // A data set is as long as the batch, of which the program knows nothing; no element is wider than a word.
    const set = program.inputs.find(({ buffer, storage }) => storage && buffer === i);
    const own = set ? 4 * sizeOf(shapeAt(set.shape, most)) : bytes.fixed + bytes.perBatch * most;
    return device.createBuffer({ label: name, size: Math.max(16, Math.ceil(own / 16) * 16), usage: STORAGE });
  });
  const uniform = device.createBuffer({ label: "batch", size: 32, usage: UNIFORM });
  const pipelines = await Promise.all(
    program.kernels.map((k) =>
      device.createComputePipelineAsync({
        label: k.name,
        layout: "auto",
        compute: { module: device.createShaderModule({ code: k.wgsl }), entryPoint: "main" },
      }),
    ),
  );
  const bufferOf = (index: number): GPUBuffer => {
    const buffer = buffers[index];
    if (!buffer) throw new Error(`no buffer ${index}`);
    return buffer;
  };
  for (const { name, shape, order, buffer, init } of program.params) {
    const own = init.kind === "data" ? init.values : new Float64Array(sizeOf(shape));
    const data = Float32Array.from(params[name]?.data ?? own);
    device.queue.writeBuffer(bufferOf(buffer), 0, order ? permute(data, shape, order) : data);
  }
  let last = 0;

  function encode(pass: GPUComputePassEncoder, dispatch: Dispatch, batch: number): void {
    const { kernel, buffers: used, grid } = dispatch;
    const [shader, pipeline] = [program.kernels[kernel], pipelines[kernel]];
    if (!shader || !pipeline) throw new Error(`no kernel ${kernel}`);
    const bound = [...(shader.usesBatch ? [uniform] : []), ...used.map(bufferOf)];
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
    const items = grid.items * (grid.batchTile ? Math.ceil(batch / grid.batchTile) : 1);
    pass.dispatchWorkgroups(Math.ceil(items / shader.workgroup));
  }

  return {
    run(inputs, { batch, step = 0, seed = 0, rates = [] }) {
      last = batch;
      const words = new ArrayBuffer(32);
      new Uint32Array(words).set([batch, 0, step, seed]);
      new Float32Array(words).set(rates, 4);
      device.queue.writeBuffer(uniform, 0, words);
      for (const { name, buffer, dtype, storage } of program.inputs) {
        const value = inputs[name];
        if (!value) throw new Error(`no value for ${name}`);
        const stored = ROW_ARRAYS[storage as keyof typeof ROW_ARRAYS];
        const data = stored ? inWords(stored.from(value.data)) : ARRAYS[dtype].from(value.data);
        device.queue.writeBuffer(bufferOf(buffer), 0, data);
      }
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const dispatch of [...program.prepare, ...program.dispatches]) encode(pass, dispatch, batch);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    async read(name) {
      const found = [...program.params, ...program.outputs].find((s) => s.name === name);
      if (!found) throw new Error(`the program has no ${name}`);
      return await readBack(found, bufferOf(found.buffer));
    },
    destroy() {
      for (const buffer of [...buffers, uniform]) buffer.destroy();
    },
  };

  async function readBack(
    signature: Signature & { order?: readonly number[] },
    from: GPUBuffer,
  ): Promise<NdArray> {
    const shape = shapeAt(signature.shape, last);
    const size = Math.ceil(sizeOf(shape) / 2) * 8;
    const staging = device.createBuffer({ size, usage: READBACK });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, staging, 0, Math.min(size, from.size));
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(READ);
    const stored = new Float32Array(staging.getMappedRange().slice(0)).slice(0, sizeOf(shape));
    staging.destroy();
    const { order } = signature;
    // The inverse: the axes as stored, put back in the shape's order.
    const plain = order
      ? permute(
          stored,
          order.map((a) => shape[a] ?? 1),
          shape.map((_, d) => order.indexOf(d)),
        )
      : stored;
    return { shape, data: Float64Array.from(plain) };
  }
}
