/**
 * Programs that come from outside, checked before anything of them reaches the GPU.
 *
 * What is not checked is what WGSL says: WebGPU validates it, bounds its memory accesses, and an error of it names the
 * kernel. Nobody can tell whether a kernel ends, so a program from a stranger may still take a GPU's time.
 */
import { FEATURES } from "./adapter.ts";
import { Field } from "./fields.ts";
import { STORAGE_BUFFERS, WORKGROUP_THREADS, WORKGROUPS } from "./limits.ts";
import type { Init, ParamUse, Program, RowStorage } from "./program.ts";
import { QUANTISED, quantisedWords, versionFor } from "./quantised.ts";
import { bytesAt, type Count } from "./type.ts";

/** A workgroup for every element that is written, at most: no schedule takes more threads. */
const THREADS_PER_ELEMENT = WORKGROUP_THREADS;

/** Bytes that kernels may read beside buffers: more than a window hangs over the edge. */
const MOST_SLACK = 2 ** 24;

/** What sizes are counted as. */
type Bounds = Record<string, number>;

const DTYPES = ["f32", "i32", "u32"] as const;
const ROW_STORAGES: readonly RowStorage[] = ["u8", "u16", "u32"];
const USES: readonly ParamUse[] = ["statistic", "constant", "moment", "metrics", "adapter"];
const INITS: Readonly<Record<Init["kind"], readonly string[]>> = {
  zeros: [],
  ones: [],
  given: [],
  constant: ["value"],
  xavierUniform: ["fanIn", "fanOut"],
  xavierNormal: ["fanIn", "fanOut"],
  kaimingUniform: ["fanIn"],
  kaimingNormal: ["fanIn"],
  uniform: ["low", "high"],
  data: [],
};

/**
 * Gives the value back as a `Program`, or throws `WeftError` "program" that says where in the JSON the mistake is and
 * which rule it breaks: `kernels[2].workgroup: 0, but it has to be a whole number from 1 to 256`.
 *
 * Checked: the kind of every field; that names are distinct and positions exist; that buffers hold the tensors placed
 * in them; that a grid fits its kernel and the buffers that it writes; that what is read was written before.
 */
export function validateProgram(value: unknown): Program {
  checkProgram(new Field(value));
  return value as Program; // as checked
}

/** Throws `WeftError` "program" unless the field is a Program. One of a training needs no outputs: it changes its parameters. */
export function checkProgram(program: Field, leastOutputs = 1): void {
  program.get("format").oneOf(["weft-program"]);
  program.get("name").text();
  for (const feature of program.find("features")?.list() ?? []) feature.oneOf(FEATURES);
  count(program.get("peakBytes"));
  const most = program.get("maxBatch");
  if (most.value !== null) most.whole();

  const buffers = program
    .get("buffers")
    .list()
    .map((buffer) => {
      buffer.get("name").text();
      return count(buffer.get("bytes"));
    });
  /** Buffers that hold something before the first dispatch. */
  const filled = new Set<number>();
  const fill = (at: Field, buffer: number): void => {
    if (filled.has(buffer)) at.fail(`buffer ${buffer} holds another input or parameter already`);
    filled.add(buffer);
  };
  const bounds: Bounds = { N: 1 };
  for (const size of program.find("sizes")?.list() ?? [])
    bounds[size.get("name").text()] = size.get("max").whole(1);
  for (const key of ["inputs", "params"] as const) {
    const list = program.get(key).list();
    distinct(list);
    for (const tensor of list)
      fill(tensor.get("buffer"), signature(tensor, buffers, key === "params" ? undefined : bounds));
  }
  const quantised = program.get("params").list().some(isQuantised);
  program.get("version").oneOf([versionFor(quantised, program.find("sizes") !== undefined)]);
  const baked = program.find("baked")?.list() ?? [];
  distinct([...program.get("params").list(), ...baked]);
  for (const param of baked) {
    elements(
      param.get("shape"),
      param
        .get("shape")
        .list()
        .map((d) => d.whole(1)),
    );
    param.get("digest").whole(0, 2 ** 32 - 1);
  }
  const outputs = program.get("outputs").list(leastOutputs);
  distinct(outputs);

  const module = program.find("module");
  if (module) checkModule(module);
  const kernels = program
    .get("kernels")
    .list()
    .map((k) => kernel(k, module !== undefined));
  for (const each of program.get("prepare").list()) dispatch(each, "prepare", kernels, buffers, filled);
  /** What every run finds. */
  const given = new Set(filled);
  for (const each of program.get("dispatches").list()) dispatch(each, "dispatches", kernels, buffers, filled);
  let before = 0;
  for (const range of program.find("ranges")?.list(1) ?? []) {
    before = range.get("most").whole(before + 1);
    const own = new Set(given);
    for (const each of range.get("dispatches").list()) dispatch(each, "dispatches", kernels, buffers, own);
    for (const output of outputs)
      if (!own.has(output.get("buffer").index(buffers.length, "buffers")))
        range.get("dispatches").fail(`nothing is ever written to ${output.get("name").text()}`);
  }
  for (const output of outputs) {
    const buffer = signature(output, buffers, bounds);
    if (!filled.has(buffer)) output.get("buffer").fail(`nothing is ever written to buffer ${buffer}`);
  }
  const wasm = program.find("wasm");
  if (wasm) checkForm(program, wasm, leastOutputs);
}

/** Of a module: WebAssembly of version 1 in base64. What is in it, whoever runs it validates, and bounds its memory. */
function checkModule(module: Field): void {
  const code = module.get("code");
  if (!/^AGFzbQEAAA[\w+/]+={0,2}$/.test(code.text()))
    code.fail("it has to be a WebAssembly module in base64");
  module.get("slack").whole(0, MOST_SLACK);
}

/** The other form of a program: for WebAssembly, and to those who give and take tensors the same. */
function checkForm(program: Field, wasm: Field, leastOutputs: number): void {
  if (program.find("module")) wasm.fail("the program itself is for WebAssembly");
  checkProgram(wasm, leastOutputs);
  if (!wasm.find("module")) wasm.fail("it has no module");
  checkSame(program, wasm);
}

/** Throws `WeftError` "program" unless both take and give the same. */
export function checkSame(program: Field, wasm: Field): void {
  const spoken = (form: Field, key: string): string =>
    JSON.stringify(
      form
        .get(key)
        .list()
        .map((t) => ["name", "dtype", "shape"].map((of) => t.get(of).value)),
    );
  for (const key of ["inputs", "outputs", "params"])
    if (spoken(program, key) !== spoken(wasm, key))
      wasm.get(key).fail("their names, types and shapes have to be those of the program, in its order");
}

function count(field: Field): Count {
  return { fixed: field.get("fixed").whole(), perBatch: field.get("perBatch").whole() };
}

function distinct(list: readonly Field[]): void {
  const seen = new Set<string>();
  for (const each of list) {
    const name = each.get("name");
    if (seen.has(name.text())) name.fail("another one has the same name");
    seen.add(name.text());
  }
}

/** The number of elements, with N as 1 and other sizes at their most. */
function elements(shape: Field, dims: readonly (number | string)[], bounds: Bounds = {}): number {
  const total = dims.reduce<number>((a, d) => a * (bounds[d] ?? Number(d)), 1);
  return Number.isSafeInteger(total * 4) ? total : shape.fail(`[${dims.join(", ")}] has too many elements`);
}

/** An input, output or, without `bounds` of sizes, a parameter; gives its buffer. */
function signature(tensor: Field, buffers: readonly Count[], bounds?: Bounds): number {
  const param = bounds === undefined;
  tensor.get("name").text();
  const below = tensor.find("below");
  if (typeof below?.value === "number") below.whole(1);
  else if (below && (below.text() === "N" || !Object.hasOwn(bounds ?? {}, below.text())))
    below.fail("no size of the program has that name");
  const except = tensor.find("except");
  if (except && !(below && Number.isSafeInteger(except.number())))
    except.fail("it has to be a whole number, beside below");
  const shape = tensor.get("shape");
  const named = ({ value }: Field, i: number): boolean =>
    typeof value === "string" && Object.hasOwn(bounds ?? {}, value) && (value !== "N" || i === 0);
  const dims = shape.list().map((d, i) => (named(d, i) ? d.text() : d.whole(1)));
  const each = elements(shape, dims, bounds);
  const at = tensor.get("buffer");
  const buffer = at.index(buffers.length, "buffers");
  const bytes = buffers[buffer] as Count; // index is in range
  const storage = tensor.find("storage");
  const type = storage?.oneOf(param ? ["f16", ...QUANTISED] : ROW_STORAGES);
  const isRows = ROW_STORAGES.some((rows) => rows === type);
  const quantised = QUANTISED.find((q) => q === type);
  tensor.get("dtype").oneOf(type === undefined || isRows ? DTYPES : ["f32"]);
  const takes = quantised ? 4 * quantisedWords(quantised, each) : (type === "f16" ? 2 : 4) * each;
  if (param && bytes.perBatch) at.fail(`buffer ${buffer} grows with the batch, a parameter does not`);
  const batched = dims[0] === "N";
  const holds = batched ? bytes.perBatch : bytesAt(bytes, 1);
  if (!isRows && holds < takes)
    at.fail(
      `buffer ${buffer} holds ${holds} bytes${batched ? " per example" : ""}, [${dims.join(", ")}] takes ${takes}`,
    );
  if (param) checkFilling(tensor, dims.length, each);
  return buffer;
}

const isQuantised = (param: Field): boolean =>
  QUANTISED.some((type) => type === param.find("storage")?.value);

/** How a parameter is filled, and what it is for. */
function checkFilling(param: Field, rank: number, elements: number): void {
  param.find("use")?.oneOf(USES);
  const init = param.get("init");
  const kind = init.get("kind").oneOf(Object.keys(INITS)) as Init["kind"]; // the keys of INITS
  for (const key of INITS[kind]) {
    const value = init.get(key);
    if (value.number() <= 0 && key.startsWith("fan")) value.fail("it has to be above 0");
  }
  if (kind === "data") for (const value of init.get("values").list(elements, elements)) value.number();
  const order = param.find("order");
  const axes = order?.list(rank, rank).map((axis) => axis.whole(0, rank - 1));
  if (new Set(axes).size < (axes?.length ?? 0)) order?.fail("an axis occurs twice");
}

interface Kernel {
  readonly workgroup: number;
  readonly usesBatch: boolean;
  readonly access: readonly ("read" | "read_write")[];
}

function kernel(field: Field, inModule: boolean): Kernel {
  field.get("name").text();
  for (const layer of field.get("layers").list()) layer.text();
  const workgroup = field.get("workgroup").whole(1, WORKGROUP_THREADS);
  const cost = field.find("cost");
  if (cost && cost.number() < 0) cost.fail(`${cost.value}, but it has to be at least 0`);
  // Of a module's kernels the text is there to be read.
  const wgsl = field.get("wgsl");
  if (!inModule) checkWgsl(wgsl, workgroup);
  else if (wgsl.value !== "") wgsl.text();
  const bindings = field.get("bindings").list(1, STORAGE_BUFFERS);
  const access = bindings.map((binding) => {
    binding.get("name").text();
    binding.find("storage")?.oneOf(["f16"]);
    return binding.get("access").oneOf(["read", "read_write"] as const);
  });
  if (!access.includes("read_write")) field.get("bindings").fail("none of them is written");
  return { workgroup, usesBatch: field.get("usesBatch").flag(), access };
}

/** A kernel of another workgroup size than the grid is divided by would leave results unwritten. */
function checkWgsl(wgsl: Field, workgroup: number): void {
  const code = wgsl.text().replace(/\/\/.*/g, "");
  const size = /@workgroup_size\s*\(([\d\s,]*)\)/.exec(code)?.[1]?.split(",");
  const threads = size?.reduce((a, n) => a * (n.trim() === "" ? 1 : Number(n)), 1);
  if (threads !== workgroup)
    wgsl.fail(
      threads === undefined
        ? "it has no @workgroup_size in numbers"
        : `its @workgroup_size is ${threads}, but the kernel's workgroup ${workgroup}`,
    );
}

/** Adds to `filled` the buffers that it writes. */
function dispatch(
  field: Field,
  phase: "prepare" | "dispatches",
  kernels: readonly Kernel[],
  buffers: readonly Count[],
  filled: Set<number>,
): void {
  for (const layer of field.get("layers").list(1)) layer.text();
  const { workgroup, usesBatch, access } = kernels[
    field.get("kernel").index(kernels.length, "kernels")
  ] as Kernel; // index is in range
  const bound = field.get("buffers").list(access.length, access.length);
  const indices = bound.map((b) => b.index(buffers.length, "buffers"));
  const written: Count[] = [];
  bound.forEach((at, i) => {
    const index = indices[i] as number; // as long as bound
    const bytes = buffers[index] as Count; // index is in range
    if (phase === "prepare" && bytes.perBatch)
      at.fail(`buffer ${index} grows with the batch: not before a run`);
    if (access[i] === "read") {
      if (!filled.has(index)) at.fail(`buffer ${index} is read before it is written`);
    } else {
      if (indices.indexOf(index) !== indices.lastIndexOf(index))
        at.fail(`buffer ${index} is written, so it cannot be bound a second time`);
      written.push(bytes);
    }
  });
  for (const [i, index] of indices.entries()) if (access[i] !== "read") filled.add(index);

  const grid = field.get("grid");
  const items = grid.get("items").whole(1, WORKGROUPS ** 2 * workgroup);
  const tile = grid.get("batchTile");
  if (tile.whole() > 0 && (phase === "prepare" || !usesBatch))
    tile.fail(`the kernel ${usesBatch ? "is run once" : "does not know the batch"}, so it has to be 0`);
  const holds = written.reduce((a, bytes) => a + bytesAt(bytes, 1), 0) / 4;
  if (items > holds * THREADS_PER_ELEMENT)
    grid.get("items").fail(`${items} threads write buffers of length ${holds}`);
}
