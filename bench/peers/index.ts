/** The runtimes that are compared. */
export interface PeerInfo {
  readonly name: string;
  readonly title: string;
  /** Its file in this folder. */
  readonly file: string;
  readonly webgpu: boolean;
  readonly trains: boolean;
  /** WebAssembly that it loads besides its JavaScript: a file of a package. */
  readonly wasm?: string;
}

const peer = (name: string, title: string, webgpu: boolean, trains: boolean, wasm?: string): PeerInfo => ({
  name,
  title,
  file: `${name}.ts`,
  webgpu,
  trains,
  ...(wasm ? { wasm } : {}),
});

/** Weft first. */
export const peers: readonly PeerInfo[] = [
  peer("weft", "Weft", true, true),
  peer("jax-js", "jax-js", true, true),
  peer("tfjs-webgpu", "TensorFlow.js, WebGPU", true, true),
  peer(
    "ort-webgpu",
    "ONNX Runtime Web, WebGPU",
    true,
    false,
    "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm",
  ),
  peer(
    "tfjs-wasm", // its backend has no gradient of a convolution
    "TensorFlow.js, WebAssembly",
    false,
    false,
    "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm",
  ),
  peer(
    "ort-wasm",
    "ONNX Runtime Web, WebAssembly",
    false,
    false,
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  ),
  peer("ort-node", "onnxruntime-node, native CPU", false, false),
];
