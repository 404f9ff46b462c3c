/** The tensors that a PyTorch pickle describes, and where their numbers are: views of storages, by key. */
import { plural } from "../../compiler/errors.ts";
import type { STORED } from "../../contract/stored.ts";
import { type Dictionary, type Globals, PickleError, unpickle } from "./pickle.ts";

/** Numbers as they lie in a file of their own. */
export interface Storage {
  readonly key: string;
  readonly type: keyof typeof STORED;
  /** Elements. */
  readonly length: number;
}

/** Elements of a storage by strides, row by row. */
export interface View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What remains of names in a pickle: a type, or bytes whose type comes later. */
class Typed {
  readonly type: keyof typeof STORED | undefined;
  constructor(type: keyof typeof STORED | undefined) {
    this.type = type;
  }
}

class Tensor implements View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor({ storage, offset, shape, strides }: View) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

class Untyped {
  readonly key: string;
  readonly type: keyof typeof STORED | undefined;
  readonly length: number;
  constructor(key: string, type: keyof typeof STORED | undefined, length: number) {
    this.key = key;
    this.type = type;
    this.length = length;
  }
}

const TYPES: Readonly<Record<string, keyof typeof STORED>> = {
  "torch FloatStorage": "f32",
  "torch DoubleStorage": "f64",
  "torch HalfStorage": "f16",
  "torch BFloat16Storage": "bf16",
  "torch LongStorage": "i64",
  "torch IntStorage": "i32",
  "torch ShortStorage": "i16",
  "torch CharStorage": "i8",
  "torch ByteStorage": "u8",
  "torch BoolStorage": "bool",
  "torch uint16": "u16",
  "torch uint32": "u32",
  "torch uint64": "u64",
};

/** Bytes of an element of types that are written as bytes and a type. */
const WIDE: Readonly<Partial<Record<keyof typeof STORED, number>>> = { u16: 2, u32: 4, u64: 8 };

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
/** Sizes or strides: of so many axes at most, as PyTorch has them. */
const areCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= 64 && value.every(isCount);

function tensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown, as?: unknown): Tensor {
  const type = as instanceof Typed ? as.type : storage instanceof Untyped ? storage.type : undefined;
  const alike = areCounts(shape) && areCounts(strides) && shape.length === strides.length;
  if (!(storage instanceof Untyped) || type === undefined || !isCount(offset) || !alike)
    throw new PickleError("a tensor of it has no valid storage, sizes and strides");
  const length = storage.type === undefined ? storage.length / (WIDE[type] ?? 1) : storage.length;
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * (strides[i] ?? 0), offset);
  const count = shape.reduce((a, b) => a * b, 1);
  if (!isCount(length) || !Number.isSafeInteger(count) || count > length || (count > 0 && last >= length))
    throw new PickleError(
      `a tensor [${shape.join(", ")}] of it lies outside its storage of ${length} ${plural(length, "element")}`,
    );
  return new Tensor({ storage: { key: storage.key, type, length }, offset, shape, strides });
}

const GLOBALS: Globals = {
  find(name) {
    if (name === "collections OrderedDict") return { call: () => new Map() };
    if (name === "torch._utils _rebuild_tensor_v2")
      return { call: (...args) => tensor(args[0], args[1], args[2], args[3]) };
    if (name === "torch._utils _rebuild_tensor_v3")
      return { call: (...args) => tensor(args[0], args[1], args[2], args[3], args[6]) };
    if (name === "torch._utils _rebuild_parameter") return { call: (data) => data };
    if (name === "torch.storage UntypedStorage") return { is: new Typed(undefined) };
    const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    return type === undefined ? undefined : { is: new Typed(type) };
  },
  persistent(id) {
    const [kind, typed, key, , length] = Array.isArray(id) ? id : [];
    if (kind !== "storage" || !(typed instanceof Typed) || typeof key !== "string" || !isCount(length))
      throw new PickleError("it refers to what is no storage");
    return new Untyped(key, typed.type, length);
  },
};

/** Names under which a training's state has its model. */
const USUAL = ["state_dict", "model_state_dict", "model"];

/**
 * The tensors by name that a pickle holds: in the dictionary that it is, or in one that this holds, if there is one alone or
 * it is called state_dict, model_state_dict or model. Throws `PickleError`.
 */
export function tensorsIn(pickle: Uint8Array): ReadonlyMap<string, View> {
  const root = unpickle(pickle, GLOBALS);
  if (!(root instanceof Map)) throw new PickleError("it is no dictionary of tensors");
  const own = viewsOf(root);
  if (own.size > 0) return own;
  const within = [...root].flatMap(([key, value]): [unknown, ReadonlyMap<string, View>][] =>
    value instanceof Map ? [[key, viewsOf(value)]] : [],
  );
  const holding = within.filter(([, views]) => views.size > 0);
  const usual = USUAL.flatMap((name) => holding.filter(([key]) => key === name));
  const [only] = holding.length === 1 ? holding : usual;
  if (only) return only[1];
  const names = holding.map(([key]) => (typeof key === "string" ? key : typeof key));
  throw new PickleError(
    names.length > 0
      ? `it has tensors in ${names.join(", ")}, none of them called ${USUAL.join(" or ")}`
      : "it holds no tensors",
  );
}

const viewsOf = (dictionary: Dictionary): ReadonlyMap<string, View> =>
  new Map(
    [...dictionary].flatMap(([key, value]) =>
      typeof key === "string" && value instanceof Tensor ? [[key, value] as const] : [],
    ),
  );
