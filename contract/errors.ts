/** What went wrong, for programs; `message` is for people. */
export type WeftErrorCode =
  /** Not a program, or one of another version. */
  | "program"
  /** Weights that do not fit the model, or bytes that are no safetensors file. */
  | "weights"
  /** Inputs that do not fit the model, or a batch that does not fit the device. */
  | "input"
  /** A kernel or buffer that WebGPU refuses. */
  | "gpu"
  | "out-of-memory"
  /** Training stopped because the loss or a parameter is no finite number. */
  | "diverged"
  /** The device is gone: `reload()` of the session or trainer takes a new one. */
  | "device-lost"
  /** There is no WebGPU device to be had. */
  | "no-device"
  | "destroyed";

/** Everything the runtime throws. */
export class WeftError extends Error {
  override readonly name = "WeftError";
  readonly code: WeftErrorCode;
  constructor(code: WeftErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
