/** What the runtime may weigh, in bytes, minified and gzipped. */

/** What a page loads besides its model. Raise it only for something that a page needs. */
// 5550, 550 that name wrong options and kinds of weights, and copy shared memory; 100 for what it runs on; 110 that take the
// kernels for the batch that comes: with those for many examples one of a product alone costs as much as 32 or 64;
// 30 that refuse to draw a constant which only weights hold: a mask of zeros would be a wrong answer.
// 5 that let weftgpu/page make a program ready in its own way.
export const BUDGET = 6345;
/** What it loads where the model is for WebAssembly too. */
export const WASM_BUDGET = 11_120; // 20 of them spare a copy of each result: a seventh of the time of a depthwise convolution
