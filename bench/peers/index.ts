/** The runtimes that are compared. */
export interface PeerInfo {
  readonly name: string;
  readonly title: string;
  /** Its file in this folder. */
  readonly file: string;
  /** What it computes with: rivals are those of one kind, and threads are held against one thread, too. */
  readonly kind: "webgpu" | "wasm" | "threads" | "native";
  readonly trains: boolean;
  /** The npm package whose version counts. */
  readonly package: string;
  /** Only in pages: in Node it has one thread. */
  readonly pages?: true;
  /** Flags of Node that it needs. */
  readonly flags?: readonly string[];
  /** WebAssembly that it loads besides its JavaScript: a file of a package. */
  readonly wasm?: string;
}

/** Weft first. */
export const peers: readonly PeerInfo[] = [
  { name: "weft", title: "Weft", package: "weftgpu", file: "weft.ts", kind: "webgpu", trains: true },
  {
    name: "weft-wasm",
    title: "Weft, WebAssembly",
    package: "weftgpu",
    file: "weft-wasm.ts",
    kind: "wasm",
    trains: true,
  },
  {
    name: "weft-threads",
    title: "Weft, WebAssembly, all cores",
    package: "weftgpu",
    file: "weft-threads.ts",
    kind: "threads",
    trains: true,
  },
  {
    name: "jax-js",
    title: "jax-js",
    package: "@jax-js/jax",
    file: "jax-js.ts",
    kind: "threads",
    trains: true,
  },
  {
    name: "tfjs-webgpu",
    title: "TensorFlow.js, WebGPU",
    package: "@tensorflow/tfjs-backend-webgpu",
    file: "tfjs-webgpu.ts",
    kind: "webgpu",
    trains: true,
  },
  {
    name: "ort-webgpu",
    title: "ONNX Runtime Web, WebGPU",
    package: "onnxruntime-web",
    file: "ort-webgpu.ts",
    kind: "webgpu",
    trains: false,
    // Node 20 optimises this WebAssembly for 40 s on its first calls, which a browser does not.
    flags: ["--liftoff-only"],
    wasm: "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm",
  },
  {
    name: "tfjs-wasm",
    title: "TensorFlow.js, WebAssembly",
    package: "@tensorflow/tfjs-backend-wasm",
    file: "tfjs-wasm.ts",
    kind: "wasm",
    trains: false, // its backend has no gradient of a convolution
    wasm: "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm",
  },
  {
    name: "ort-wasm",
    title: "ONNX Runtime Web, WebAssembly",
    package: "onnxruntime-web",
    file: "ort-wasm.ts",
    kind: "wasm",
    trains: false,
    wasm: "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  },
  {
    name: "tfjs-threads",
    title: "TensorFlow.js, WebAssembly, all cores",
    package: "@tensorflow/tfjs-backend-wasm",
    file: "tfjs-threads.ts",
    kind: "threads",
    pages: true,
    trains: false,
    wasm: "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm",
  },
  {
    name: "ort-threads",
    title: "ONNX Runtime Web, WebAssembly, all cores",
    package: "onnxruntime-web",
    file: "ort-threads.ts",
    kind: "threads",
    pages: true,
    trains: false,
    wasm: "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  },
  {
    name: "ort-node",
    title: "onnxruntime-node, native CPU",
    package: "onnxruntime-node",
    file: "ort-node.ts",
    kind: "native",
    trains: false,
  },
];
