/** Data sets on the GPU: sent there once, in the order that an epoch wants. */
import type { Program, RowStorage, Signature } from "../contract/program.ts";
import { ROW_ARRAYS } from "../contract/rows.ts";
import { ARRAYS, type TensorData } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { type AnyDataSet, type Checked, checkData, failing, partsOf, type Rows } from "./data.ts";
import { type Lent, MOST_BATCHES, STORAGE } from "./executable.ts";
import type { Gpu } from "./gpu.ts";

/** A data set as one program draws batches from it. */
export interface Source extends Pick<Checked, "sizes"> {
  /** What of it lies on the GPU. */
  readonly lent: Lent;
  /** The rows in the order in which batches take them. */
  readonly order: GPUBuffer;
  /** Where the programs read which rows are the batch. Absent: nothing lies on the GPU. */
  readonly rows: number | undefined;
  /** The inputs that are sent there batch by batch, and their values. */
  readonly sent: readonly Signature[];
  readonly batch: (offset: number, n: number) => TensorData[];
  /** How many batches may share a submit: what is sent is there for one at a time. */
  readonly share: number;
}

/** As many data sets stay on the GPU when nobody uses them. */
const MOST = 4;

/** What is on the GPU of one data set. */
export interface Uploaded {
  readonly arrays: Checked["arrays"];
  readonly rows: number;
  readonly buffers: readonly GPUBuffer[];
  readonly train: Source;
  readonly evaluate: Source;
  readonly shuffle: (order: Uint32Array<ArrayBuffer>) => void;
}

interface Entry {
  readonly set: Uploaded;
  users: number;
  /** Work with it has failed, maybe because of it: it is not used again. */
  failed: boolean;
}

export class DataSets {
  readonly #gpu: Gpu;
  readonly #training: Training;
  /** The one used last at the end. */
  #entries: Entry[] = [];

  constructor(gpu: Gpu, training: Training) {
    this.#gpu = gpu;
    this.#training = training;
  }

  /**
   * Does what needs data sets. Those that it takes are checked, sent to the GPU unless they are there, and stay until it
   * is done, however many others are taken meanwhile. `take` throws `WeftError` "input" as `checkData` does, and where a
   * set exceeds what the device can bind.
   */
  async using<T>(work: (take: (data: AnyDataSet) => Uploaded) => Promise<T>): Promise<T> {
    const taken: Entry[] = [];
    let failed = true;
    try {
      const result = await work((data) => {
        const entry = this.#take(data);
        taken.push(entry);
        return entry.set;
      });
      failed = false;
      return result;
    } finally {
      for (const entry of taken) {
        entry.users--;
        entry.failed ||= failed;
      }
      const idle = this.#entries.filter((e) => !e.users);
      const surplus = idle.filter((e, i) => e.failed || i < idle.length - MOST);
      for (const { set } of surplus) for (const buffer of set.buffers) buffer.destroy();
      this.#entries = this.#entries.filter((e) => !surplus.includes(e));
    }
  }

  destroy(): void {
    for (const { set } of this.#entries) for (const buffer of set.buffers) buffer.destroy();
  }

  #take(data: AnyDataSet): Entry {
    const { arrays } = partsOf(this.#training, data);
    const same = ({ set, failed }: Entry): boolean =>
      !failed && set.arrays.every((array, i) => array === arrays[i]);
    const entry = this.#entries.find(same) ?? {
      set: this.#upload(checkData(this.#training, data)),
      users: 0,
      failed: false,
    };
    this.#entries = [...this.#entries.filter((e) => e !== entry), entry];
    entry.users++;
    return entry;
  }

  /** What the programs draw rows of lies on the GPU; of the rest, batches are put together here and sent one by one. */
  #upload({ arrays, rows, sizes }: Checked): Uploaded {
    const { step, evaluate } = this.#training;
    const natural = Uint32Array.from({ length: rows }, (_, i) => i);
    const stored = arrays.map((array, i) => {
      const { name, storage } = step.inputs[i] as Signature; // one for each
      const Kind = ROW_ARRAYS[storage as RowStorage];
      return Kind && this.#buffer(name, array instanceof Kind ? array : Kind.from(array));
    });
    let order: Uint32Array = natural;
    const inOrder = this.#buffer("rows", natural);
    const shuffled = this.#buffer("rows", natural);
    const source = ({ inputs }: Program, order: GPUBuffer, taken: () => Uint32Array): Source => {
      const lent = new Map<number, GPUBuffer>();
      const sent = inputs.filter(({ buffer }, i) => {
        if (stored[i]) lent.set(buffer, stored[i]);
        return arrays[i] && !stored[i];
      });
      const batch = (offset: number, n: number): TensorData[] =>
        sent.map((input) => {
          const from = arrays[inputs.indexOf(input)] as Rows; // only these are sent
          return gather(input, from, from.length / rows, taken().subarray(offset, offset + n));
        });
      const which = inputs[arrays.length]?.buffer;
      return { lent, order, rows: which, sent, batch, sizes, share: sent.length ? 1 : MOST_BATCHES };
    };
    return {
      arrays,
      rows,
      buffers: [...stored, inOrder, shuffled].filter((b) => !!b),
      train: source(step, shuffled, () => order),
      evaluate: source(evaluate, inOrder, () => natural),
      shuffle: (next) => {
        order = next;
        this.#gpu.write(shuffled, next);
      },
    };
  }

  #buffer(label: string, data: Rows | Uint32Array): GPUBuffer {
    const { device } = this.#gpu;
    const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
    const { buffer, byteOffset, byteLength } = data;
    if (byteLength > limit)
      failing(this.#training)(`the ${label} are ${byteLength} bytes, a buffer of this device holds ${limit}`);
    const size = Math.ceil(byteLength / 16) * 16;
    const made = device.createBuffer({ label, size, usage: STORAGE, mappedAtCreation: true });
    new Uint8Array(made.getMappedRange()).set(new Uint8Array(buffer, byteOffset, byteLength));
    made.unmap();
    return made;
  }
}

/** These rows of an array, of `width` elements each, one after the other. */
function gather({ dtype }: Signature, from: Rows, width: number, rows: Uint32Array): TensorData {
  const out = new ARRAYS[dtype](rows.length * width);
  rows.forEach((row, i) => {
    out.set(from.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}
