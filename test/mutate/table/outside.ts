/** Mutations of what surrounds the compiler: bundles, names, golden files, and what the command reads. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const squeeze = guard("emit/squeeze");
const input = guard("cli/input");
const device = guard("cli/device");
const slots = guard("wasm/slots");

export const outside: readonly Mutation[] = [
  ...inFile("cli/device.ts", [
    {
      name: "device: a software adapter goes before WebAssembly",
      find: "wasmProblem() ? webgpu() : { wasm: true, adapter: undefined }",
      put: "webgpu()",
      guards: [device],
      why: "without a GPU training takes ten times as long",
    },
    {
      name: "device: the environment goes before what is typed",
      find: ' && adapter !== process.env["WEFT_ADAPTER"]',
      put: "",
      guards: [device],
      why: "--device wasm is refused where WEFT_ADAPTER is set",
    },
  ]),
  ...inFile("compiler/targets/wasm/slots.ts", [
    {
      name: "slots: what a loop uses is free where it was last used",
      find: "Math.max(last, ...around.map((l) => l.to))",
      put: "last",
      guards: [slots],
      why: "another local overwrites it, and the next turn reads that",
    },
    {
      name: "slots: a local that is read first is only there from then on",
      find: "if (read.has(local)) return",
      put: "if (read.size < 0) return",
      guards: [slots],
      why: "it has what another local left in place of zero",
    },
  ]),
  ...inFile("compiler/emit/squeeze.ts", [
    {
      name: "squeeze: a block comment ends at the first end",
      find: 'depth += pair === "/*" ? 1 : -1;',
      put: 'depth = pair === "/*" ? 1 : 0;',
      guards: [squeeze],
      why: "nested comments leave a rest that is no WGSL",
    },
    {
      name: "squeeze: words run together",
      find: "(WORD.test(before) && WORD.test(after)) || ",
      put: "",
      guards: [squeeze],
      why: "a bundle's WGSL is refused",
    },
    {
      name: "squeeze: operators run together",
      find: " || FUSES.test(before + after)",
      put: "",
      guards: [squeeze],
      why: "`a - -b` becomes `a--b`",
    },
    {
      name: "squeeze: digits of fractions are counted",
      find: "(?<![.\\d])(0|[1-9]\\d*)",
      put: "(?<![\\d])(0|[1-9]\\d*)",
      guards: [squeeze],
      why: "constants of a bundle have other digits",
    },
  ]),
  ...inFile("compiler/emit/abbreviate.ts", [
    {
      name: "abbreviate: a character that the text has stands for a phrase",
      find: "CODES.filter((c) => !text.includes(c))",
      put: "CODES.filter((c) => c)",
      guards: [squeeze, guard("emit/emit"), guard("emit/variants")],
      why: "the bundle unpacks to another text",
    },
  ]),
  ...inFile("compiler/emit/pack.ts", [
    {
      name: "pack: what is unpacked is not compared",
      find: "if (same(evaluate(packed), programs)) return packed;",
      put: "return packed;",
      guards: [squeeze, guard("emit/emit"), guard("emit/variants")],
      why: "a kernel of another make comes out damaged",
    },
    {
      name: "pack: a program with sizes says that it has none",
      find: "...(version !== 1 && { version }),",
      put: "",
      guards: [guard("sizes/emit")],
      why: "nothing is packed: the bundle holds the program as it is, several times as large",
    },
  ]),
  ...inFile("compiler/emit/golden.ts", [
    {
      name: "golden: an update happens without being asked for",
      find: "const updated = options.update === true && !same;",
      put: "const updated = !same;",
      guards: [guard("emit/golden")],
      why: "golden files are accepted by looking at them",
    },
    {
      name: "golden: files that are no longer made stay",
      find: "if (updated) await writeFolder(folder, wanted, stale);",
      put: "if (updated) await writeFolder(folder, wanted, []);",
      guards: [guard("emit/golden")],
      why: "an update is not the end of it",
    },
    {
      name: "golden: a file too many is no difference",
      find: "const same = missing.length + stale.length + changed.length === 0;",
      put: "const same = missing.length + changed.length === 0;",
      guards: [guard("emit/golden")],
      why: "a kernel that is gone is not noticed",
    },
  ]),
  ...inFile("compiler/targets/wgsl/names.ts", [
    {
      name: "names: reserved words are names",
      find: "return RESERVED.has(start) ? `${start}_` : start.slice(0, 64);",
      put: "return start.slice(0, 64);",
      guards: [guard("emit/names")],
      why: "a layer called `loop` is WGSL that nobody accepts",
    },
  ]),
  ...inFile("data/idx.ts", [
    {
      name: "IDX: sizes are little-endian",
      find: "Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));",
      put: "Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i, true));",
      guards: [input],
      why: "no data set is read",
    },
    {
      name: "IDX: a file with a rest is whole",
      find: "if (bytes.length !== expected)",
      put: "if (bytes.length < expected)",
      guards: [input, guard("hostile/files")],
      why: "a damaged file is read",
    },
    {
      name: "IDX: signed bytes are unsigned",
      find: "9: { bytes: 1, read: (v, at) => v.getInt8(at) },",
      put: "9: { bytes: 1, read: (v, at) => v.getUint8(at) },",
      guards: [input],
      why: "negative numbers are large ones",
    },
  ]),
  ...inFile("data/npy.ts", [
    {
      name: "npy: version 2's header has two bytes of length",
      find: "const wide = (bytes[6] ?? 0) >= 2;",
      put: "const wide = (bytes[6] ?? 0) > 2;",
      guards: [input],
      why: "arrays with long headers are not read",
    },
    {
      name: "npy: Fortran order is row-major",
      find: 'order === "True" ? (i: number) => fortranPosition(i, shape) : (i: number) => i',
      put: 'order === "True" ? (i: number) => i : (i: number) => i',
      guards: [guard("data/npy")],
      why: "arrays that were transposed are scrambled",
    },
    {
      name: "npy: big-endian is little-endian",
      find: 'little: order !== ">" };',
      put: "little: true };",
      guards: [guard("data/npy")],
      why: "numbers of other machines are nonsense",
    },
    {
      name: "npy: half precision below its normal numbers",
      find: "fraction * 2 ** -24",
      put: "fraction * 2 ** -25",
      guards: [guard("data/npy")],
      why: "small numbers of f16 arrays are halved",
    },
    {
      name: "npy: a file that is cut off is read",
      find: "if (bytes.length !== expected)",
      put: "if (bytes.length > expected)",
      guards: [input, guard("hostile/files")],
      why: "a RangeError with a stack trace",
    },
  ]),
  ...inFile("contract/stored.ts", [
    {
      name: "weights: numbers that the model's type does not hold are taken",
      find: "if (unheld && (param || !model))",
      put: "if (unheld && param && !model)",
      guards: [guard("runtime/stored", "nobody wants")],
      why: "a weight of 1e300 is infinity",
    },
    {
      name: "weights: the upper half of an f32 is taken for its lower half",
      find: "(bits) => bits << 16",
      put: "(bits) => bits",
      guards: [guard("runtime/stored", "BF16")],
      why: "weights in bf16 are next to 0",
    },
    {
      name: "weights: a BOOL is its byte",
      find: "(byte) => (byte ? 1 : 0)",
      put: "(byte) => byte",
      guards: [guard("runtime/stored", "BOOL")],
      why: "what is true is 255",
    },
  ]),
  ...inFile("cli/mapping/match.ts", [
    {
      name: "weft weights: a choice between two is none",
      find: "wanted.length === 1 && from.length === 1",
      put: "wanted.length === 1",
      guards: [guard("cli/weights", "of which nothing is written")],
      why: "weights go to another layer of the same shape, and nobody is told",
    },
    {
      name: "weft weights: numbers of the model that contradict its order are not looked at",
      find: "(own && `${own}` !== `${names}`)",
      put: "!own",
      guards: [guard("cli/mapping", "contradict the order")],
      why: "conv1 and conv2 change places",
    },
  ]),
  ...inFile("cli/input/range.ts", [
    {
      name: "--index: a range ends with its end",
      find: "for (let i = first; i < end; i++) picked.push(i);",
      put: "for (let i = first; i <= end; i++) picked.push(i);",
      guards: [input],
      why: "one example too many",
    },
  ]),
  ...inFile("data/array.ts", [
    {
      name: "arrays: one example of another shape fits",
      find: "if (target.batched && withoutOnes(rest) === wanted)",
      put: "if (target.batched && product(rest) === product(target.example))",
      guards: [input],
      why: "transposed pictures are computed with",
    },
  ]),
  ...inFile("data/scores.ts", [
    {
      name: "scores: every output [N, k] is over classes",
      find: "list !== undefined && countOf(list) === count",
      put: "list === undefined || countOf(list) === count",
      guards: [guard("data/scores"), guard("cli/scores")],
      why: "coordinates are shown as likely classes",
    },
    {
      name: "scores: names of another number are taken from weights",
      find: ": said.includes(countOf(entry))",
      put: ": said.length > 0",
      guards: [guard("data/scores"), guard("cli/scores")],
      why: "a wrong file is believed without a word",
    },
    {
      name: "scores: labels make every output one",
      find: "rows.slice(0, 1)",
      put: "rows",
      guards: [guard("data/scores")],
      why: "measured numbers beside the scores are shown as classes",
    },
  ]),
  ...inFile("data/set.ts", [
    {
      name: "data: the first so many labels, and all the pictures",
      find: "images: set.images.subarray(0, rows * product(set.shape)),",
      put: "images: set.images,",
      guards: [guard("cli/train-data")],
      why: "`--limit` is refused: pictures and labels differ in number",
    },
    {
      name: "data: a label as large as the number of classes passes",
      find: "label >= 0 && label < classes",
      put: "label >= 0 && label <= classes",
      guards: [guard("cli/train-data")],
      why: "a label that no score has",
    },
  ]),
  ...inFile("data/array.ts", [
    {
      name: "data: whole numbers of i32 are any whole numbers",
      find: "holds: (value) => value === (value | 0),",
      put: "holds: (value) => Number.isInteger(value),",
      guards: [guard("sizes/run")],
      why: "an index beyond 2³¹ wraps round to another row",
    },
  ]),
  ...inFile("cli/input/sizes.ts", [
    {
      name: "input: a size is what the last array says",
      find: "if (before !== undefined && before !== value)",
      put: "if (before === value && false)",
      guards: [guard("sizes/run")],
      why: "arrays of other lengths are read as if they had that of the last",
    },
    {
      name: "input: an array of fewer axes is read from its first",
      find: "own[axis - left]",
      put: "own[axis]",
      guards: [guard("sizes/run")],
      why: "T is another axis's length where the examples' is left out",
    },
  ]),
  ...inFile("compiler/ir/indices.ts", [
    {
      name: "indices: the bound of the last op counts",
      find: "boundOf(where.below) < boundOf(known.below) ? where : known",
      put: "where",
      guards: [guard("sizes/indices")],
      why: "an index beyond the smaller of two tables is read at its last row without a word",
    },
    {
      name: "indices: a number besides them is the last op's",
      find: "except !== undefined && except === known.except",
      put: "except !== undefined",
      guards: [guard("sizes/indices")],
      why: "labels that do not count for one loss are classes for another",
    },
    {
      name: "indices: a part of an input is all of it",
      find: "same(elements(from.type.shape), elements(node.type.shape))",
      put: "from",
      guards: [guard("sizes/indices")],
      why: "numbers that nobody reads are refused",
    },
  ]),
];
