/** Data sets on the GPU: sent there once, in the order that an epoch wants. */
import type { Program, Signature } from "../compiler/ir/program.ts";
import type { Training } from "../compiler/ir/training.ts";
import { checkData, type DataSet, rowSize } from "./data.ts";
import { WeftError } from "./errors.ts";
import type { Gpu } from "./gpu.ts";
import { STORAGE } from "./plan.ts";
import type { TensorData } from "./tensor.ts";

/** A data set as one program draws batches from it. */
export interface Source {
  /** By index into `Program.buffers`. */
  readonly buffers: ReadonlyMap<number, GPUBuffer>;
  /** The inputs of a batch, of a program whose data are not on the GPU. */
  readonly batch?: (offset: number, n: number) => readonly TensorData[];
}

/** As many data sets stay on the GPU: one to train on, one to test on, and others. */
const MOST = 4;

/** What is on the GPU of one data set. */
interface Uploaded {
  readonly labels: DataSet["labels"];
  readonly rows: number;
  readonly buffers: readonly GPUBuffer[];
  readonly train: Source;
  readonly evaluate: Source;
  readonly shuffle: (order: Uint32Array<ArrayBuffer>) => void;
}

export class DataSets {
  readonly #gpu: Gpu;
  readonly #training: Training;
  /** By their images, the one used last at the end. */
  readonly #sets = new Map<DataSet["images"], Uploaded>();

  constructor(gpu: Gpu, training: Training) {
    this.#gpu = gpu;
    this.#training = training;
  }

  /**
   * The data set on the GPU: checked and sent there unless it is there already. Throws `WeftError` "input" as
   * `checkData` does, and where it exceeds what the device can bind.
   */
  take(data: DataSet): Uploaded {
    const { images, labels } = data;
    const known = this.#sets.get(images);
    const set = known?.labels === labels ? known : this.#upload(data);
    this.#sets.delete(images);
    this.#sets.set(images, set);
    const [oldest] = this.#sets;
    if (this.#sets.size > MOST && oldest) this.#drop(oldest[0]);
    return set;
  }

  destroy(): void {
    for (const images of this.#sets.keys()) this.#drop(images);
  }

  #drop(images: DataSet["images"]): void {
    for (const buffer of this.#sets.get(images)?.buffers ?? []) buffer.destroy();
    this.#sets.delete(images);
  }

  #upload(data: DataSet): Uploaded {
    const { bytes, step, evaluate } = this.#training;
    const rows = checkData(this.#training, data);
    const { images, labels } = data;
    const natural = Uint32Array.from({ length: rows }, (_, i) => i);
    if (!bytes) return inMemory(this.#training, data, natural);
    const buffers = [
      this.#buffer("images", images),
      this.#buffer("labels", labels),
      this.#buffer("order", natural),
      this.#buffer("shuffled", natural),
    ] as const;
    const [pictures, targets, order, shuffled] = buffers;
    const source = ({ inputs, order: at }: Program, rowNumbers: GPUBuffer): Source => {
      const [image, target] = inputs as readonly [Signature, Signature];
      const drawn: [number, GPUBuffer][] = [
        [image.buffer, pictures],
        [target.buffer, targets],
      ];
      if (at !== undefined) drawn.push([at, rowNumbers]);
      return { buffers: new Map(drawn) };
    };
    return {
      labels,
      rows,
      buffers,
      train: source(step, shuffled),
      evaluate: source(evaluate, order),
      shuffle: (order) => this.#gpu.write(shuffled, order),
    };
  }

  #buffer(label: string, data: DataSet["images"] | Uint32Array): GPUBuffer {
    const { device } = this.#gpu;
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const { buffer, byteOffset, byteLength } = data;
    if (byteLength > limit)
      throw new WeftError(
        "input",
        `${this.#training.name}: the ${label} are ${byteLength} bytes, a buffer of this device holds ${limit}`,
      );
    const size = Math.ceil(byteLength / 16) * 16;
    const made = device.createBuffer({ label, size, usage: STORAGE, mappedAtCreation: true });
    new Uint8Array(made.getMappedRange()).set(new Uint8Array(buffer, byteOffset, byteLength));
    made.unmap();
    return made;
  }
}

/** A data set of numbers: batches are put together here and sent one by one. */
function inMemory({ step }: Training, { images, labels }: DataSet, natural: Uint32Array): Uploaded {
  let order: Uint32Array = natural;
  const [image, target] = step.inputs as readonly [Signature, Signature];
  const gather = (from: DataSet["images"], width: number, rows: Uint32Array): Float32Array => {
    const out = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      out.set(from.subarray(row * width, (row + 1) * width), i * width);
    });
    return out;
  };
  const source = (rows: () => Uint32Array): Source => ({
    buffers: new Map(),
    batch: (offset, n) => {
      const chosen = rows().subarray(offset, offset + n);
      return [gather(images, rowSize(image), chosen), gather(labels, rowSize(target), chosen)];
    },
  });
  return {
    labels,
    rows: natural.length,
    buffers: [],
    train: source(() => order),
    evaluate: source(() => natural),
    shuffle: (shuffled) => {
      order = shuffled;
    },
  };
}
