/**
 * A program on a device, run dispatch by dispatch: before a dispatch, its operands hold what they hold in a real run,
 * so that other kernels for the same work can be timed and their numbers compared there.
 */
import { performance } from "node:perf_hooks";
import { must } from "../../compiler/errors.ts";
import type { Dispatch, Grid, Program, Shader } from "../../contract/program.ts";
import { boundsOf, shapeWith, wordsOf } from "../../contract/sizes.ts";
import { sizeOf, type TensorData } from "../../contract/tensor.ts";
import { bytesAt, type Shape } from "../../contract/type.ts";
import {
  type BoundDispatch,
  Executable,
  encodePass,
  type Lent,
  NONE,
  STORAGE,
} from "../../runtime/executable.ts";
import { Gpu } from "../../runtime/gpu.ts";
import { type Clock, timed, type Work } from "../../runtime/node/clock.ts";
import { probes } from "../../runtime/node/probe.ts";

/** Where it is measured. */
export interface Place {
  readonly device: GPUDevice;
  readonly clock: Clock;
}

/** A dispatch whose kernel is tried out. */
export interface Site {
  readonly dispatch: Dispatch;
  readonly stored: readonly Stored[];
}

/** A tensor that a dispatch stores. */
export interface Stored {
  /** As in `Dispatch.buffers`. */
  readonly buffer: number;
  readonly shape: Shape;
  /**
   * Whether it overwrites what is read, as an update does. Then trials write to a copy: repeated on the buffer itself
   * they would change what comes after them.
   */
  readonly inPlace: boolean;
}

/** What a program is given besides its parameters. Default: random inputs, and a uniform that holds the batch size. */
export interface Feed {
  /** Data sets, and the order of their rows. */
  readonly lent: Lent;
  readonly uniform: Uint32Array;
  /** Frees what was lent. */
  close(): void;
}

export interface Trial {
  readonly bound: BoundDispatch;
  readonly work: Work;
  /** Milliseconds that the pipeline took to build. */
  readonly build: number;
}

export interface Result {
  /** In the order of `Site.stored`. */
  readonly data: readonly Float32Array[];
  readonly milliseconds: number;
}

export class Bench {
  readonly #executable: Executable;
  readonly #place: Place;
  readonly #batch: number;
  readonly #feed: Feed;
  /** They take the results of trials in place. */
  readonly #copies: GPUBuffer[] = [];

  /** Use `open`. */
  constructor(executable: Executable, place: Place, batch: number, feed: Feed) {
    this.#executable = executable;
    this.#place = place;
    this.#batch = batch;
    this.#feed = feed;
  }

  /** Builds the pipelines, fills parameters and inputs, and runs what depends on parameters alone. */
  static async open(
    place: Place,
    program: Program,
    batch: number,
    values: readonly TensorData[],
    feed: Feed = {
      lent: NONE,
      uniform: Uint32Array.of(batch, ...wordsOf(program, boundsOf(program))),
      close: () => {},
    },
  ): Promise<Bench> {
    const executable = await Executable.open(new Gpu(place.device, false), program);
    const bench = new Bench(executable, place, batch, feed);
    await executable.gpu.scoped(bench.#what, () => {
      executable.reserve(batch, feed.lent);
      const own = program.inputs.filter(({ buffer }) => !feed.lent.has(buffer));
      executable.upload(own, probes(program, own, batch, -1));
      executable.fill(program.params, values);
      executable.tell(feed.uniform);
    });
    return bench;
  }

  get dispatches(): readonly Dispatch[] {
    return this.#executable.program.dispatches;
  }

  get #what(): string {
    return `${this.#executable.program.name}, batch of ${this.#batch}`;
  }

  #scoped<T>(make: () => T): Promise<T> {
    return this.#executable.gpu.scoped(this.#what, make);
  }

  /** Runs dispatches as the program has them; milliseconds from submit to done. */
  async run(dispatches: readonly Dispatch[]): Promise<number> {
    const { lent } = this.#feed;
    return this.#timed(await this.#scoped(() => dispatches.map((d) => this.#executable.bind(d, lent))));
  }

  async #timed(dispatches: readonly BoundDispatch[]): Promise<number> {
    return (await timed(this.#executable, this.#what, dispatches, this.#batch)) / 1e6;
  }

  /** The work of dispatches, as the program has them; what is in place is done on a copy. */
  works(sites: readonly Site[]): Promise<Work[]> {
    return this.#scoped(() => sites.map((site) => this.#workOf(this.#bind(site))));
  }

  /** Another kernel for a dispatch, over the same buffers. Throws `WeftError` where the device refuses it. */
  async trial({ dispatch, stored }: Site, shader: Shader, grid: Grid): Promise<Trial> {
    const start = performance.now();
    const pipeline = await this.#executable.gpu.pipeline(shader);
    const build = performance.now() - start;
    const site = { dispatch: { ...dispatch, grid }, stored };
    const bound = await this.#scoped(() => this.#bind(site, shader, pipeline));
    return { bound, work: this.#workOf(bound), build };
  }

  #workOf(bound: BoundDispatch): Work {
    return (pass) => bound(pass, this.#batch);
  }

  #bind(site: Site, shader?: Shader, pipeline?: GPUComputePipeline): BoundDispatch {
    const copies = site.stored.flatMap((s, i) => (s.inPlace ? [[s.buffer, this.#copy(i)] as const] : []));
    const taken = new Map([...this.#feed.lent, ...copies]);
    return this.#executable.bind(site.dispatch, taken, shader, pipeline);
  }

  /** The copy that a trial's result in place is written to: as large as any buffer that may need one. */
  #copy(result: number): GPUBuffer {
    const { buffers, params } = this.#executable.program;
    const size = Math.max(
      ...params.map((p) => bytesAt(must(buffers[p.buffer], "buffer").bytes, this.#batch)),
    );
    this.#copies[result] ??= this.#place.device.createBuffer({ label: "copy", size, usage: STORAGE });
    return this.#copies[result];
  }

  /** Nanoseconds of each piece of work, done one after the other. Those of a site begin with what is there in a run. */
  async measure(works: readonly Work[], site?: Site): Promise<number[]> {
    if (site?.stored.some((s) => s.inPlace))
      await this.#scoped(() => this.#executable.submit((encoder) => void this.#reset(encoder, site)));
    return this.#place.clock.measure(works);
  }

  #buffer(index: number): GPUBuffer {
    return this.#feed.lent.get(index) ?? this.#executable.buffer(index);
  }

  /** Clears the results of a dispatch, or puts into copies what they overwrite; gives the buffers. */
  #reset(encoder: GPUCommandEncoder, { stored }: Site): readonly GPUBuffer[] {
    return stored.map(({ buffer, inPlace }, i) => {
      const result = this.#buffer(buffer);
      if (!inPlace) {
        encoder.clearBuffer(result);
        return result;
      }
      const copy = this.#copy(i);
      encoder.copyBufferToBuffer(result, 0, copy, 0, result.size);
      return copy;
    });
  }

  /**
   * What a trial leaves as the results of a dispatch, and the milliseconds from submit to done: the first time some
   * drivers still compile.
   */
  async result({ bound }: Trial, site: Site): Promise<Result> {
    const start = performance.now();
    const counts = site.stored.map((s) =>
      sizeOf(shapeWith(s.shape, this.#batch, boundsOf(this.#executable.program))),
    );
    const data = await this.#read(counts, (encoder) => {
      const targets = this.#reset(encoder, site);
      encodePass(encoder, [bound], this.#batch);
      return targets;
    });
    return { data, milliseconds: performance.now() - start };
  }

  /** The outputs after `run(dispatches)`. */
  async outputs(): Promise<ReadonlyMap<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    for (const { name, buffer, shape } of this.#executable.program.outputs)
      found.set(
        name,
        await this.contents(
          buffer,
          sizeOf(shapeWith(shape, this.#batch, boundsOf(this.#executable.program))),
        ),
      );
    return found;
  }

  /** The first numbers of a buffer, as they are now. */
  async contents(index: number, count: number): Promise<Float32Array> {
    return must((await this.#read([count], () => [this.#buffer(index)]))[0], "numbers");
  }

  /** The first numbers of the buffers that `encode` gives, after what it encodes. */
  async #read(
    counts: readonly number[],
    encode: (encoder: GPUCommandEncoder) => readonly GPUBuffer[],
  ): Promise<readonly Float32Array[]> {
    const sizes = counts.map((count) => 4 * count);
    const parts = await this.#executable.run(this.#what, () => ({
      sizes,
      encode: (encoder, staging) => {
        let at = 0;
        for (const [i, buffer] of encode(encoder).entries()) {
          const size = must(sizes[i], "size");
          encoder.copyBufferToBuffer(buffer, 0, staging, at, size);
          at += size;
        }
      },
    }));
    return parts.map((bytes) => new Float32Array(bytes));
  }

  close(): void {
    this.#executable.destroy();
    for (const copy of this.#copies) copy?.destroy();
    this.#feed.close();
  }
}
