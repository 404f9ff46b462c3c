/** Mutations of the runtime that carries out a program: numbers, buffers, dispatches, errors, files. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const halves = guard("ops/f16", "numbers as f16");
const init = guard("runtime/init");
const weights = guard("runtime/weights");
/** Without the test that measures a process's memory, which a busy machine disturbs. */
const session = guard("runtime/session", "^(?!.*makes its objects once)");
const objects = guard("runtime/session", "makes its objects once");
const failures = guard("runtime/session-failures");
const program = guard("hostile/program", "validateProgram");

const number: readonly Mutation[] = [
  ...inFile("contract/quantised.ts", [
    {
      name: "quantised: numbers are cut off, not rounded",
      find: "Math.round(Math.abs(x) / scale)",
      put: "Math.floor(Math.abs(x) / scale)",
      guards: [guard("ops/quantised", "off by half a step")],
      why: "weights are off by twice as much as is promised",
    },
    {
      name: "quantised: scales that devices may take for 0",
      find: "scale < LEAST ?",
      put: "scale === 0 ?",
      guards: [guard("ops/quantised", "largest of a block")],
      why: "tiny weights are one number here and another one there",
    },
    {
      name: "quantised: the largest weights become infinite",
      find: "Math.min(largest, LARGEST)",
      put: "largest",
      guards: [guard("ops/quantised", "largest of a block")],
      why: "a finite weight is infinite to a kernel",
    },
  ]),
  ...inFile("runtime/quantised.ts", [
    {
      name: "quantised: the blocks are those of another order",
      find: "param.order ? permute(data, param.shape, param.order) : data",
      put: "data",
      guards: [guard("ops/quantised", "linear, odd")],
      why: "weights of most layers stand in others' places",
    },
  ]),
  ...inFile("runtime/sizes.ts", [
    {
      name: "sized: weights that are not packed are taken",
      find: "return program.version === 2",
      put: "return program.sizes",
      guards: [guard("ops/quantised", "sizes besides N")],
      why: "halves are read as blocks: all results are wrong, without a word",
    },
  ]),
  ...inFile("runtime/verify/compare.ts", [
    {
      name: "verify: what is no number is right",
      find: "if (off <= tolerance * (1 + Math.abs(want) / scale))",
      put: "if (!(off > tolerance * (1 + Math.abs(want) / scale)))",
      guards: [guard("runtime/verify")],
      why: "a kernel that gives NaN passes",
    },
  ]),
  ...inFile("runtime/verify/verdict.ts", [
    {
      name: "verify: faults spread",
      find: "storage ? halves(lying) : lying",
      put: "new Uint32Array(lying.length)",
      guards: [guard("runtime/verify", "every tensor that is stored")],
      why: "a right kernel is called wrong",
    },
    {
      name: "verify: tensors are compared as they lie",
      find: "order ? unpermute(elements, shape, order) : elements",
      put: "elements",
      guards: [guard("runtime/verify")],
      why: "a right kernel is called wrong",
    },
  ]),
  ...inFile("compiler/verification.ts", [
    {
      name: "verify: of ranges the whole's probes",
      find: "lists: [bundles, ...ranges.map((r) => r.bundles)]",
      put: "lists: [bundles, ...ranges.map(() => bundles)]",
      guards: [guard("runtime/verify", "kernels of their own")],
      why: "a kernel is held against another one's tensor",
    },
  ]),
  ...inFile("contract/half.ts", [
    {
      name: "f16: ties go up, not to even",
      find: "((b >> 13) & 1)",
      put: "1",
      guards: [halves],
      why: "half of all ties are a last place off",
    },
    {
      name: "f16: numbers below the normal ones have another bias",
      find: "low - 0x3f000000",
      put: "low - 0x3f000001",
      guards: [halves],
      why: "small weights are a last place off",
    },
    {
      name: "f16: the sign is lost",
      find: "(x < 0 ? 0x8000 : 0)",
      put: "0",
      guards: [halves],
      why: "weights lose their sign",
    },
    {
      name: "f16: an odd count takes half a word",
      find: "(data.length + 1) & ~1",
      put: "data.length",
      guards: [halves],
      why: "WebGPU refuses a write of two bytes",
    },
  ]),
  ...inFile("runtime/random.ts", [
    {
      name: "threefry: a rotation by another number",
      find: "[17, 29, 16, 24]",
      put: "[17, 29, 16, 25]",
      guards: [init],
      why: "the numbers are not those of Threefry, nor those of a checkpoint",
    },
    {
      name: "threefry: the group's number is not added to the key",
      find: "(keys[(group + 1) % 3] as number) + group",
      put: "(keys[(group + 1) % 3] as number)",
      guards: [init],
      why: "slides of the key give the same numbers",
    },
  ]),
  ...inFile("runtime/init.ts", [
    {
      name: "initialiser: Kaiming's gain is Xavier's",
      find: "(normal ? 2 : 6)",
      put: "(normal ? 1 : 3)",
      guards: [init],
      why: "weights start too small by √2",
    },
    {
      name: "initialiser: fan out does not count",
      find: "(init.fanOut ?? 0)",
      put: "0",
      guards: [init],
      why: "Xavier's weights start too large",
    },
    {
      name: "initialiser: the lower bound of a uniform distribution is its upper one",
      find: "low = -high;",
      put: "low = high;",
      guards: [init],
      why: "all weights are equal",
    },
    {
      name: "initialiser: element and name change places in the counter",
      find: "threefry(seed, key, i, 0)",
      put: "threefry(seed, i, key, 0)",
      guards: [init],
      why: "a seed gives other weights than before",
    },
    {
      name: "initialiser: the constant is one",
      find: '"value" in init ? init.value : init.kind',
      put: '"value" in init ? 1 : init.kind',
      guards: [init],
      why: "constants that a model asks for are not heeded",
    },
  ]),
  ...inFile("contract/tensor.ts", [
    {
      name: "permute: strides of the axis itself",
      find: "sizeOf(shape.slice(axis + 1))",
      put: "sizeOf(shape.slice(axis))",
      guards: [guard("compiler/gpu", "any sizes"), guard("ops/conv2d")],
      why: "weights that are laid out anew are scrambled",
    },
  ]),
];

const files: readonly Mutation[] = inFile("contract/weights.ts", [
  {
    name: "safetensors: data that leave the file are read",
    find: "if (start + end > length)",
    put: "if (end > length)",
    guards: [weights, guard("hostile/saved"), guard("hostile/files")],
    why: "a truncated file is a RangeError, or weights of other bytes",
  },
  {
    name: "safetensors: a header that leaves the file is read",
    find: "if (start > length) fail(",
    put: "if (start > length + 8) fail(",
    guards: [weights],
    why: "a truncated file is a RangeError",
  },
  {
    name: "safetensors: overlapping tensors are read",
    find: "if (begin !== used) failAt",
    put: "if (begin > used) failAt",
    guards: [weights],
    why: "two names for the same bytes, which the format forbids",
  },
  {
    name: "safetensors: gaps are read over",
    find: "if (begin !== used) failAt",
    put: "if (begin < used) failAt",
    guards: [weights],
    why: "bytes that belong to nothing are not noticed",
  },
  {
    name: "safetensors: bytes after the last tensor are passed over",
    find: "if (start + used < length) fail(",
    put: "if (start + used < length - 4) fail(",
    guards: [weights],
    why: "a file with a rest is taken for whole",
  },
  {
    name: "safetensors: the size of a shape is not held against its bytes",
    find: 'checkSize(name, shape, end - begin, "bytes", each);',
    put: "",
    guards: [weights],
    why: "a tensor takes the bytes of its neighbours",
  },
  {
    name: "safetensors: data at an odd offset are read as if aligned",
    find: "odd ? buffer.slice(from, from + end - begin) : buffer",
    put: "odd ? buffer.slice(from - 1, from - 1 + end - begin) : buffer",
    guards: [weights],
    why: "files whose data are not aligned give other numbers",
  },
  {
    name: "safetensors: negative offsets are offsets",
    find: "Number.isSafeInteger(n) && n >= 0",
    put: "Number.isSafeInteger(n)",
    guards: [weights, guard("hostile/files")],
    why: "a file may point before its data",
  },
  {
    name: "safetensors: the header is padded to 4",
    find: "const start = 8 + Math.ceil(text.length / 8) * 8;",
    put: "const start = 8 + Math.ceil(text.length / 4) * 4;",
    guards: [weights],
    why: "other readers, which demand 8, refuse the file",
  },
  {
    name: "weights: NaN passes",
    find: "!(Math.abs(x) <= (storage ? LARGEST_HALF : Number.MAX_VALUE))",
    put: "Math.abs(x) > (storage ? LARGEST_HALF : Number.MAX_VALUE)",
    guards: [weights],
    why: "a file with NaN is loaded, and every output is NaN",
  },
  {
    name: "weights: what f16 does not hold passes",
    find: "(storage ? LARGEST_HALF : Number.MAX_VALUE)",
    put: "Number.MAX_VALUE",
    guards: [guard("ops/f16", "weights that f16 does not hold")],
    why: "large weights become infinite on the GPU",
  },
  {
    name: "weights: only sizes are compared, not shapes",
    find: "if (`${tensor.shape}` !== `${shape}`)",
    put: "if (sizeOf(tensor.shape) !== sizeOf(shape))",
    guards: [weights],
    why: "a transposed weight is loaded",
  },
]);

const device: readonly Mutation[] = [
  ...inFile("contract/type.ts", [
    {
      name: "buffers: bytes per example are counted once",
      find: "Math.max(1, fixed + perBatch * batch)",
      put: "Math.max(1, fixed + perBatch)",
      guards: [session],
      why: "buffers are too small for more than one example",
    },
  ]),
  ...inFile("runtime/executable.ts", [
    {
      name: "dispatch: workgroups beyond one row are lost",
      find: "pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);",
      put: "pass.dispatchWorkgroups(Math.min(groups, WORKGROUPS));",
      guards: [session],
      why: "the end of a large tensor is never computed",
    },
    {
      name: "dispatch: the last workgroup is left out",
      find: "Math.ceil((items * Math.ceil(batchTile ? batch / batchTile : 1)) / workgroup)",
      put: "Math.floor((items * Math.ceil(batchTile ? batch / batchTile : 1)) / workgroup) || 1",
      guards: [session],
      why: "the last elements are never computed",
    },
    {
      name: "dispatch: the last examples that fill no tile are left out",
      find: "Math.ceil(batchTile ? batch / batchTile : 1)",
      put: "Math.floor(batchTile ? batch / batchTile : 1) || 1",
      guards: [guard("compiler/target", "agree where nothing divides"), guard("ops/conv2d")],
      why: "the last examples of a batch are those of the run before",
    },
    {
      name: "features: a program's features are not asked for",
      find: "const lacks = features?.find((f) => !gpu.device.features.has(f));",
      put: "const lacks = features?.find((f) => !f);",
      guards: [
        guard("faults/adapter", "without the feature"),
        guard("ops/f16", "a device without shader-f16"),
      ],
      why: "instead of its name a message about WGSL",
    },
    {
      name: "parameters: the order of axes is not heeded",
      find: "const lying = order ? permute(data, shape as readonly number[], order) : data;",
      put: "const lying = order ? permute(data, shape as readonly number[], shape.map((_, i) => i)) : data;",
      guards: [guard("ops/conv2d")],
      why: "weights are scrambled",
    },
    {
      name: "parameters: what depends on them alone is not computed",
      find: "if (dispatches.length) this.submit",
      put: "if (dispatches.length > 99) this.submit",
      guards: [session],
      why: "batch norm after a convolution multiplies by zero",
    },
    {
      name: "limits: the smaller one of two is not looked at",
      find: "const limit = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);",
      put: "const limit = limits.maxBufferSize;",
      guards: [session],
      why: "a batch that is too large is a message of the driver's",
    },
    {
      name: "limits: a batch that fits exactly is refused",
      find: "if (need <= limit) continue;",
      put: "if (need < limit) continue;",
      guards: [session, guard("faults/device"), guard("faults/many")],
      why: "the largest batch that a message names does not run",
    },
    {
      name: "uniform: it is not written",
      find: "    this.tell(Uint32Array.of(batch, ...words));\n",
      put: "",
      guards: [session],
      why: "no example is computed",
    },
    {
      name: "capacity: a larger batch takes the old buffers",
      find: "if (this.#capacity < batch) {",
      put: "if (this.#capacity < 1) {",
      guards: [session, guard("train/runtime"), guard("train/runtime-state")],
      why: "the second, larger run is refused or cut",
    },
    {
      name: "capacity: each batch makes its own buffers",
      find: "if (this.#capacity < batch) {",
      put: "if (this.#capacity !== batch) {",
      guards: [session, objects],
      why: "alternating batches allocate at every run",
    },
    {
      name: "capacity: parameters are made anew, and empty",
      find: "      if (!bytes.perBatch) return;\n",
      put: "",
      guards: [session],
      why: "after a larger batch all weights are zero",
    },
    {
      name: "capacity: dispatches stay with the buffers before",
      find: "    this.#bound = new WeakMap();\n    this.program",
      put: "    this.program",
      guards: [session],
      why: "a larger batch runs on buffers that were destroyed",
    },
    {
      name: "readback: outputs share one place",
      find: "    at += size;\n  });",
      put: "    at = 0 * size;\n  });",
      guards: [session],
      why: "of several outputs some hold the numbers of others",
    },
    {
      name: "readback: the place for a small batch is taken for a large one",
      find: "if (largest && largest.size >= size) return largest;",
      put: "if (largest) return largest;",
      guards: [session],
      why: "a larger batch is refused",
    },
    {
      name: "readback: parts are all of what was read",
      find: "return range.slice(at - size, at);",
      put: "return range;",
      guards: [session],
      why: "outputs are empty, or change with the next run",
    },
    {
      name: "readback: each run makes its own place",
      find: "        this.#staging.push(staging);\n",
      put: "",
      guards: [session, objects],
      why: "every run allocates",
    },
  ]),
  ...inFile("runtime/session.ts", [
    {
      name: "runs: the next one does not wait for its turn",
      find: "  await before;\n",
      put: "",
      guards: [session],
      why: "any number of runs are in flight, each with a buffer to read back",
    },
    {
      name: "runs: one waits for the last one",
      find: "this.#runs = [last, result.catch(() => {})];",
      put: "this.#runs = [result.catch(() => {})];",
      guards: [session],
      why: "a run waits for the one before although two may be in flight",
    },
    {
      name: "runs: after a failure the buffers stay",
      find: "    executable.release();\n",
      put: "",
      guards: [failures, guard("faults/device")],
      why: "a session that ran out of memory does not recover",
    },
  ]),
  ...inFile("runtime/gpu.ts", [
    {
      name: "error scopes: memory and validation change places",
      find: '["internal", "out-of-memory", "validation"]',
      put: '["out-of-memory", "internal", "validation"]',
      guards: [failures],
      why: "out of memory is told as another failure, and programs do not try less",
    },
    {
      name: "error scopes: the first verdict alone is looked at",
      find: "const error = full ?? errors.find(Boolean);",
      put: "const error = errors[0];",
      guards: [failures],
      why: "failures pass, and outputs are zeros",
    },
    {
      name: "error scopes: a buffer that is invalid hides that memory is full",
      find: "const error = full ?? errors.find(Boolean);",
      put: "const error = errors.find(Boolean);",
      guards: [failures],
      why: "the message speaks of an invalid buffer, not of memory",
    },
    {
      name: "error scopes: a scope stays open",
      find: "verdicts = FILTERS.map(() => device.popErrorScope());",
      put: "verdicts = FILTERS.slice(1).map(() => device.popErrorScope());",
      guards: [failures, guard("faults/device")],
      why: "errors of the page's own work land in Weft's scopes",
    },
    {
      name: "device: what is awaited when it is lost stays pending",
      find: "for (const reject of this.#waiting) reject(this.#end);",
      put: "",
      guards: [guard("runtime/gpu")],
      why: "a run never ends after the device is lost",
    },
    {
      name: "device: what is awaited later does not know that it was lost",
      find: "      if (this.#end) reject(this.#end);\n",
      put: "",
      guards: [guard("runtime/gpu"), failures],
      why: "a run after the loss waits, or is told another reason",
    },
    {
      name: "device: the first end is overwritten by later ones",
      find: "this.#end ??= error;",
      put: "this.#end = error;",
      guards: [guard("runtime/gpu")],
      why: "a destroyed session says that the device was lost",
    },
    {
      name: "device: one that was given is destroyed",
      find: "if (this.#owned) this.device.destroy();",
      put: "this.device.destroy();",
      guards: [failures],
      why: "a session ends the work of others on the same device",
    },
    {
      name: "device: a rejection is told before the loss is known",
      find: "await new Promise((later) => setTimeout(later, 200));",
      put: "",
      guards: [guard("runtime/gpu")],
      why: "in a page a lost device is told as a failure of the program",
    },
    {
      name: "bindings: what is read is bound as writable",
      find: '"read" ? "read-only-storage" : "storage"',
      put: '"read" ? "storage" : "storage"',
      guards: [session],
      why: "WGSL and layout do not fit",
    },
  ]),
  ...inFile("runtime/indices.ts", [
    {
      name: "indices: as many as there are is one of them",
      find: "index < 0 || index >= end",
      put: "index < 0 || index > end",
      guards: [guard("sizes/indices")],
      why: "the row after the last one is read at the last one without a word",
    },
    {
      name: "indices: places count from the end",
      find: ".toReversed()\n      .map((size) => {",
      put: ".map((size) => {",
      guards: [guard("sizes/indices")],
      why: "the message names another place",
    },
  ]),
  ...inFile("runtime/inputs.ts", [
    {
      name: "inputs: of different batches the last one counts",
      find: "if (batch && batch !== n) fail(name,",
      put: "if (batch && batch > n * 99) fail(name,",
      guards: [session],
      why: "examples are computed from stale elements",
    },
    {
      name: "inputs: a part of an example is an example",
      find: "if (n % 1 ||",
      put: "if (",
      guards: [session],
      why: "a wrong length is computed with",
    },
    {
      name: "inputs: an empty batch is taken for none",
      find: "if (!n) fail(",
      put: "if (n < 0) fail(",
      guards: [session],
      why: "a batch without examples is computed",
    },
    {
      name: "inputs: a shape that is given is not compared",
      find: "if (says && `${says}` !==",
      put: "if (says && !`${says}` && `${says}` !==",
      guards: [session],
      why: "a transposed input is computed with",
    },
  ]),
];

const checks: readonly Mutation[] = inFile("contract/validate.ts", [
  {
    name: "validate: what is read before it is written passes",
    find: "if (!filled.has(index)) at.fail(`buffer ${index} is read before it is written`);",
    put: "",
    guards: [program],
    why: "a damaged program computes with zeros",
  },
  {
    name: "validate: a buffer may be written and read in one dispatch",
    find: "if (indices.indexOf(index) !== indices.lastIndexOf(index))",
    put: "if (indices.indexOf(index) > indices.lastIndexOf(index))",
    guards: [program],
    why: "a race that WebGPU refuses at the first run only",
  },
  {
    name: "validate: a buffer that is too small passes",
    find: "if (!isRows && holds < takes)",
    put: "if (!isRows && 4 * holds < takes)",
    guards: [program],
    why: "an output is cut",
  },
  {
    name: "validate: the workgroup of the WGSL may be another",
    find: "if (threads !== workgroup)",
    put: "if (threads === undefined)",
    guards: [program],
    why: "results are left unwritten",
  },
  {
    name: "validate: an order may name an axis twice",
    find: "if (new Set(axes).size < (axes?.length ?? 0))",
    put: "if (new Set(axes).size < 0)",
    guards: [program, guard("hostile/program")],
    why: "a weight is filled with copies of a part of itself",
  },
  {
    name: "validate: two outputs may have one name",
    find: "  distinct(outputs);\n",
    put: "",
    guards: [program],
    why: "one of them is lost",
  },
  {
    name: "validate: a grid of billions of threads passes",
    find: "if (items > holds * THREADS_PER_ELEMENT)",
    put: "if (items > holds * THREADS_PER_ELEMENT ** 9)",
    guards: [program],
    why: "a file from a stranger keeps the GPU for hours",
  },
  {
    name: "validate: a parameter and an input may share a buffer",
    find: "if (filled.has(buffer)) at.fail(",
    put: "if (filled.has(-1 - buffer)) at.fail(",
    guards: [program],
    why: "inputs overwrite weights",
  },
  {
    name: "validate: what grows with the batch may be prepared",
    find: 'if (phase === "prepare" && bytes.perBatch)',
    put: 'if (phase === "prepare" && bytes.perBatch < 0)',
    guards: [program],
    why: "the buffer is not there before a run",
  },
  {
    name: "validate: N may stand inside",
    find: '(value !== "N" || i === 0)',
    put: "true",
    guards: [program],
    why: "sizes are computed from a text",
  },
]);

const variants: readonly Mutation[] = [
  ...inFile("contract/tensor.ts", [
    {
      name: "baked: a digest does not hold the values",
      find: "hash(`${shape};${data}`)",
      put: "hash(`${shape}`)",
      guards: [guard("bake/run")],
      why: "weights are loaded, and others are computed with",
    },
  ]),
  ...inFile("runtime/values.ts", [
    {
      name: "baked: other values of a baked parameter pass",
      find: "return !tensor?.data || digestOf(tensor) === digest;",
      put: "return !tensor?.data || digestOf(tensor) >= 0;",
      guards: [guard("bake/run")],
      why: "weights are loaded, and others are computed with",
    },
  ]),
  ...inFile("contract/adapter.ts", [
    {
      name: "variants: features of a variant are not asked for",
      find: "features.every((f) => has.has(f)) &&",
      put: "",
      guards: [guard("emit/variants"), guard("bake/variants")],
      why: "a page picks a program that its adapter cannot run",
    },
  ]),
  ...inFile("runtime/variants.ts", [
    {
      name: "variants: a baked program is picked for other weights",
      find: "(tensors && baked.every((b) => agrees(b, tensors)))",
      put: "tensors",
      guards: [guard("bake/variants")],
      why: "loading fails although another variant fits",
    },
  ]),
];

export const runtime: readonly Mutation[] = [...number, ...files, ...device, ...checks, ...variants];
