/** Types alone: what a model file's default export is once a bundler's plugin has compiled it. */

/** Numbers in row-major order, the last dimension fastest. */
export interface CompiledTensor<Data = Float32Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

/** Elements of an input: whole numbers where it was declared so. */
type InputData = Float32Array | Int32Array | Uint32Array;

/** The model on a device. */
export interface CompiledSession<Ins, Outs> {
  /** Any batch size. An input that has sizes besides N is a tensor, whose shape says what they are. */
  run(inputs: { readonly [Name in keyof Ins]: InputData | CompiledTensor<InputData> }): Promise<{
    readonly [Name in keyof Outs]: CompiledTensor;
  }>;
  /** What it runs on, as of the last load. */
  readonly runsOn: CompiledRunsOn | undefined;
  /** Puts it on another device, or, in a page, on a new one: after the device was lost, or to move. */
  reload(device?: CompiledDevice): Promise<void>;
  /** Frees the device's memory now rather than when the session is garbage-collected. */
  destroy(): void;
}

/** A GPUDevice, or the kind that is to be found. Of "auto": a GPU, else WebAssembly where the model is compiled for it. */
export type CompiledDevice = object | "auto" | "webgpu" | "wasm";

/** What a session computes on. */
export interface CompiledRunsOn {
  readonly kind: "webgpu" | "wasm";
  /** Of WebAssembly: how many divide the work. */
  readonly threads?: number;
  /** In a line: `WebAssembly, 8 threads`. Empty where a page's GPU says nothing of itself. */
  readonly text: string;
}

/** What a bundler's plugin makes of a model file. */
export interface CompiledModel<Ins, Outs> {
  /** The shape of every parameter. */
  readonly parameters: { readonly [name: string]: readonly number[] };
  /**
   * Puts the model on a device.
   * @param weights the bytes of a .safetensors file, or tensors by name; without them initial values
   * @param device default "auto"
   */
  load(
    weights?: ArrayBuffer | Uint8Array | { readonly [name: string]: CompiledTensor },
    device?: CompiledDevice,
  ): Promise<CompiledSession<Ins, Outs>>;
}

declare module "weftgpu" {
  interface Model<Ins, Outs> extends CompiledModel<Ins, Outs> {}
}
