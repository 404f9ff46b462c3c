/** A GPUDevice that computes in WebAssembly: what Weft's runtime asks of one. */
import type { RunsOn } from "../../contract/adapter.ts";
import { fused, fuses, MOST_PAGES, shared } from "../../contract/wasm.ts";
import type { Crew } from "./crew.ts";
import {
  encoder,
  type Group,
  type Kernel,
  type Layout,
  type List,
  type Place,
  USUAL_COST,
} from "./encoder.ts";
import { type Block, Heap } from "./heap.ts";
import { CLEAR, type Failed } from "./machine.ts";

const PAGE = 65_536;
/** What 32 bits reach, but for what kernels may read behind it. */
const MOST_BYTES = PAGE * (MOST_PAGES - 2);
/** How a module begins in base64: \0asm. */
export const MAGIC = "AGFzb";

/** What errors are caught in, and what has to be done before it is known whether there are any. */
interface Scope {
  readonly filter: GPUErrorFilter;
  readonly verdicts: Promise<string | undefined>[];
}

/** Code of programs, compiled elsewhere: undefined where it has to be compiled here. */
export type Modules = (code: string) => WebAssembly.Module | undefined;

/** `WasmDevice` says what it is; to the runtime it is a GPUDevice. */
export class Device {
  readonly runsOn: RunsOn;
  readonly features: ReadonlySet<string> = new Set();
  readonly limits = { maxBufferSize: MOST_BYTES, maxStorageBufferBindingSize: MOST_BYTES };
  readonly adapterInfo: Pick<GPUAdapterInfo, "vendor" | "architecture" | "device" | "description">;
  readonly lost: Promise<Pick<GPUDeviceLostInfo, "reason" | "message">>;
  readonly queue = {
    writeBuffer: (place: Place, offset: number, data: ArrayBufferView): void => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#write(place, offset, bytes);
    },
    submit: (lists: readonly List[]): void => {
      for (const list of lists) this.#submit(list);
    },
  };
  /** Told of errors that no scope catches. */
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null = null;
  readonly #crew: Crew;
  readonly #modules: Modules | undefined;
  readonly #heap = new Heap();
  #pages = 1;
  /** By their code: the number that machines know each under. */
  readonly #known = new Map<string, Promise<number>>();
  readonly #scopes: Scope[] = [];
  #lose: (info: Pick<GPUDeviceLostInfo, "reason" | "message">) => void = () => {};
  /** Buffers that nobody has any more. */
  readonly #dropped = new FinalizationRegistry<Block>((block) => this.#free(block));

  /** `hire`: makes those who do the work, and tells them what to do when one of them has died. */
  constructor(hire: (lose: (why: string) => void) => Crew, modules?: Modules) {
    this.#crew = hire((why) => this.#end("unknown", why));
    this.#modules = modules;
    const { threads } = this.#crew;
    const text = `WebAssembly, ${threads} thread${threads > 1 ? "s" : ""}`;
    this.runsOn = { kind: "wasm", threads, text };
    this.adapterInfo = { vendor: "", architecture: "wasm", device: "", description: text };
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  destroy(): void {
    this.#end("destroyed", "");
  }

  pushErrorScope(filter: GPUErrorFilter): void {
    this.#scopes.push({ filter, verdicts: [] });
  }

  /** The first error, once all that might be one has been done. */
  async popErrorScope(): Promise<{ readonly message: string } | null> {
    const verdicts = await Promise.all(this.#scopes.pop()?.verdicts ?? []);
    const message = verdicts.find((v) => v !== undefined);
    return message === undefined ? null : { message };
  }

  createBuffer({ label = "", size, mappedAtCreation }: GPUBufferDescriptor) {
    const buffer: Place & { label: string } = { label, size, block: this.#take(label, size) };
    let mapped = mappedAtCreation ? new Uint8Array(size) : undefined;
    const made = Object.assign(buffer, {
      destroy: (): void => {
        const { block } = buffer;
        buffer.block = undefined;
        if (block) this.#free(block);
      },
      /** Only to read. */
      mapAsync: async (_: number, offset: number, bytes: number): Promise<void> => {
        mapped = (await this.#crew.ask(
          0,
          "read",
          (buffer.block?.at ?? 0) + offset,
          bytes,
        )) as Uint8Array<ArrayBuffer>;
      },
      /** All that was mapped. */
      getMappedRange: (): ArrayBuffer | undefined => mapped?.buffer,
      unmap: (): void => {
        if (mapped && mappedAtCreation) this.#write(buffer, 0, mapped);
        mapped = undefined;
      },
    });
    if (buffer.block) this.#dropped.register(made, buffer.block);
    return made;
  }

  /** `code`: of `Program.module`, as are `slack` and what a pipeline says more than WebGPU's. */
  createShaderModule({ code, slack = 0 }: { readonly code: string; readonly slack?: number }) {
    if (!code.startsWith(MAGIC))
      this.#raise("validation", 'this is WGSL; try: compile(graph, { target: "wasm" })');
    this.#heap.keepOff(slack);
    return { code, getCompilationInfo: async () => ({ messages: [] }) };
  }
  createBindGroupLayout = (layout: Layout): Layout => layout;
  createPipelineLayout = <T>(layout: T): T => layout;
  createBindGroup = (group: Group): Group => group;
  createCommandEncoder = encoder;

  async createComputePipelineAsync({
    layout,
    compute,
  }: {
    readonly layout: { readonly bindGroupLayouts: readonly Layout[] };
    readonly compute: {
      readonly module: { readonly code: string };
      readonly entryPoint: string;
      readonly cost?: number;
    };
  }): Promise<Kernel & { getBindGroupLayout(index: number): Layout | undefined }> {
    const { module, entryPoint, cost = USUAL_COST } = compute;
    const number = this.#known.get(module.code) ?? this.#compile(module.code);
    this.#known.set(module.code, number);
    return {
      module: await number,
      kernel: Number(entryPoint),
      cost,
      getBindGroupLayout: (index) => layout.bindGroupLayouts[index],
    };
  }

  async #compile(code: string): Promise<number> {
    const number = this.#known.size;
    const plain = Uint8Array.from(atob(code), (c) => c.charCodeAt(0));
    const bytes = fuses() ? fused(plain) : plain;
    const module =
      this.#modules?.(code) ?? (await WebAssembly.compile(this.#crew.shared ? shared(bytes) : bytes));
    await this.#crew.ask(0, "add", number, module);
    return number;
  }

  #end(reason: GPUDeviceLostReason, message: string): void {
    this.#crew.end(new Error(`the device is ${message || reason}`));
    this.#lose({ reason, message });
  }

  /** An error, or what may become one, for the scope that is open now. */
  #raise(filter: GPUErrorFilter, problem: string | Promise<string | undefined>): void {
    const verdict = Promise.resolve(problem);
    verdict.catch(() => {}); // whoever waits for it is told, and all others by `lost`
    const scope = this.#scopes.findLast((s) => s.filter === filter);
    if (scope) scope.verdicts.push(verdict);
    else
      verdict.then((message) => {
        if (message !== undefined) this.onuncapturederror?.({ error: { message } });
      });
  }

  /** A piece of the memory, of zeros; undefined where there is none. */
  #take(label: string, size: number): Block | undefined {
    const block = this.#heap.take(size);
    const pages = Math.ceil(this.#heap.bytes / PAGE);
    const more = pages - this.#pages;
    const refused = `"${label}" needs ${size} bytes, which the memory of ${this.#pages * PAGE} bytes cannot grow by`;
    const grown = more < 1 || (pages <= MOST_PAGES && this.#crew.grow(more));
    if (!grown) {
      this.#heap.free(block);
      this.#raise("out-of-memory", refused);
      return undefined;
    }
    this.#pages += Math.max(0, more);
    if (grown !== true)
      this.#raise(
        "out-of-memory",
        grown.then((fits) => {
          if (fits) return undefined;
          this.#heap.free(block);
          this.#pages -= more;
          return refused;
        }),
      );
    if (block.used) this.#run([CLEAR, 0, 1, 0, 2, block.at, block.size], 0, () => "a clearing");
    return block;
  }

  #free(block: Block): void {
    this.#crew.after(() => this.#heap.free(block));
  }

  #write({ block }: Place, offset: number, bytes: Uint8Array): void {
    if (block) this.#raise("internal", this.#crew.write(block.at + offset, bytes));
  }

  #submit({ words, names, used, cost }: List): void {
    const gone = [...used].find(({ block }) => !block);
    if (gone) this.#raise("validation", `"${gone.label}" was destroyed, or never there`);
    else this.#run(words, cost, (at) => names.get(at));
  }

  #run(words: readonly number[], cost: number, nameOf: (at: number) => string | undefined): void {
    const work = this.#crew.ask(cost, "run", Uint32Array.from(words)) as Promise<Failed | undefined>;
    this.#raise(
      "internal",
      work.then((failed) => failed && `${nameOf(failed[0])}: ${failed[1]}`),
    );
  }
}
