/** Types alone: what a model file's default export is once the esbuild plugin has compiled it. */

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
}

/** What the esbuild plugin makes of a model file. */
export interface CompiledModel<Ins, Outs> {
  /** The shape of every parameter. */
  readonly parameters: { readonly [name: string]: readonly number[] };
  /**
   * Puts the model on a device.
   * @param weights the bytes of a .safetensors file, or tensors by name; without them initial values
   * @param device a GPUDevice; without one the page's own
   */
  load(
    weights?: ArrayBuffer | Uint8Array | { readonly [name: string]: CompiledTensor },
    device?: object,
  ): Promise<CompiledSession<Ins, Outs>>;
}
