/**
 * A GPUDevice that runs kernels in this process: what the runtime asks of one, and nothing else. It is slower at large
 * work and far quicker at small: nothing is compiled for a GPU. And it checks what an adapter lets pass: races, writes
 * outside of a buffer, a tensor that a dispatch both reads and writes, and memory that is read before it is written,
 * which holds no number here.
 */
import type { RunsOn } from "../../contract/adapter.ts";
import { type Bound, KernelMachine, type Machine } from "./machine.ts";

export interface InterpreterOptions {
  /** Threads run from the last to the first. What is right does not depend on it. Default false. */
  readonly backwards?: boolean;
  /** What runs the kernel of a text, or that of a module. Default: an interpreter of the text. */
  readonly machineFor?: (code: string, entryPoint: string) => Machine;
  /** What kind of device it is. Default: one for WebGPU. */
  readonly runsOn?: RunsOn;
}

interface FakeBuffer {
  readonly label: string;
  readonly size: number;
  bytes: ArrayBuffer;
  /** A flag for each word: whether anybody wrote it. */
  readonly written: Uint8Array;
  destroyed: boolean;
}
interface Entry {
  readonly binding: number;
  readonly buffer?: { readonly type?: string; readonly hasDynamicOffset?: boolean };
}
interface Resource {
  readonly buffer: FakeBuffer;
  readonly offset?: number;
}
interface FakePipeline {
  readonly machine: Machine;
  readonly layout: readonly Entry[];
}
interface FakeGroup {
  readonly layout: readonly Entry[];
  readonly resources: readonly Resource[];
}
type Command = () => void;

/** f32 and f16 alike. */
const NO_NUMBER = 0x7fff7fff;

/** Programs repeat their kernels, and tests their programs. */
const machines = new Map<string, Machine>();
const MOST_MACHINES = 500;

function interpreted(code: string): Machine {
  const known = machines.get(code);
  if (known) return known;
  const machine = new KernelMachine(code);
  if (machines.size >= MOST_MACHINES) machines.clear();
  machines.set(code, machine);
  return machine;
}

export function interpreter({
  backwards = false,
  machineFor = interpreted,
  runsOn,
}: InterpreterOptions = {}): GPUDevice {
  let lose: (info: { reason: string; message: string }) => void = () => {};
  const lost = new Promise((resolve) => {
    lose = resolve;
  });
  /** What went wrong since the first of the open error scopes was opened. */
  let failure: Error | undefined;
  let scopes = 0;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (e) {
      if (scopes === 0) throw e;
      failure ??= e instanceof Error ? e : new Error(String(e));
    }
  };
  const alive = (buffer: FakeBuffer): FakeBuffer => {
    if (buffer.destroyed) throw new Error(`buffer "${buffer.label}" is used after it was destroyed`);
    return buffer;
  };

  const queue = {
    writeBuffer(buffer: FakeBuffer, at: number, data: ArrayBufferView | ArrayBuffer): void {
      attempt(() => {
        const from = ArrayBuffer.isView(data)
          ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
          : new Uint8Array(data);
        if (from.length % 4 !== 0) throw new Error("writeBuffer: bytes that are no whole words");
        new Uint8Array(alive(buffer).bytes).set(from, at);
        buffer.written.fill(1, at / 4, (at + from.length) / 4);
      });
    },
    submit(lists: readonly (readonly Command[])[]): void {
      for (const command of lists.flat()) attempt(command);
    },
    onSubmittedWorkDone: async (): Promise<void> => {},
  };

  function createBuffer({
    label = "",
    size,
    usage,
    mappedAtCreation = false,
  }: GPUBufferDescriptor): FakeBuffer {
    const bytes = new ArrayBuffer(size);
    // WebGPU promises zeros; whoever counts on that instead of writing them finds no number.
    if (!mappedAtCreation && usage & STORAGE) new Uint32Array(bytes).fill(NO_NUMBER);
    const written = new Uint8Array(Math.ceil(size / 4)).fill(mappedAtCreation ? 1 : 0);
    const buffer: FakeBuffer = { label, size, bytes, written, destroyed: false };
    let mapped = bytes;
    return Object.assign(buffer, {
      // To be read: a copy, as the runtime's device for WebAssembly has it.
      mapAsync: async (_: number, offset = 0, count = size - offset): Promise<void> => {
        if (buffer.destroyed) throw new Error("the buffer was destroyed while it was mapped");
        mapped = bytes.slice(offset, offset + count);
      },
      getMappedRange: (): ArrayBuffer => mapped,
      unmap: (): void => {},
      destroy: (): void => {
        buffer.destroyed = true;
      },
    });
  }

  function createCommandEncoder(): object {
    const commands: Command[] = [];
    return {
      beginComputePass: () => computePass(commands),
      copyBufferToBuffer: (from: FakeBuffer, start: number, to: FakeBuffer, at: number, count: number) =>
        commands.push(() => {
          const source = new Uint8Array(alive(from).bytes, start, count);
          new Uint8Array(alive(to).bytes).set(source, at);
          to.written.set(from.written.subarray(start / 4, (start + count) / 4), at / 4);
        }),
      clearBuffer: (buffer: FakeBuffer) =>
        commands.push(() => {
          new Uint8Array(alive(buffer).bytes).fill(0);
          buffer.written.fill(1);
        }),
      finish: () => commands,
    };
  }

  function computePass(commands: Command[]): object {
    let pipeline: FakePipeline | undefined;
    let group: FakeGroup | undefined;
    let offsets: readonly number[] = [];
    return {
      setPipeline: (next: FakePipeline) => {
        pipeline = next;
      },
      setBindGroup: (_: number, next: FakeGroup, dynamic: readonly number[] = []) => {
        group = next;
        offsets = dynamic;
      },
      dispatchWorkgroups: (x: number, y = 1, z = 1) => {
        const [used, at, bound] = [pipeline, offsets, group];
        if (!used || !bound) throw new Error("a dispatch without a pipeline or a bind group");
        commands.push(() => used.machine.run(boundTo(used, bound, at), [x, y, z], backwards));
      },
      end: () => {},
    };
  }

  /** The bindings' bytes. Throws where a buffer that is written is bound twice. */
  function boundTo(
    { machine }: FakePipeline,
    { layout, resources }: FakeGroup,
    offsets: readonly number[],
  ): Bound[] {
    const rest = [...offsets];
    const written = new Set<FakeBuffer>();
    for (const binding of machine.writes) {
      const buffer = resources[binding]?.buffer;
      if (!buffer) continue;
      const times = resources.filter((r) => r.buffer === buffer).length;
      if (written.has(buffer) || times > 1)
        throw new Error(`buffer "${buffer.label}" is written by a dispatch that binds it ${times} times`);
      written.add(buffer);
    }
    return resources.map(({ buffer, offset = 0 }, i) => {
      const dynamic = layout[i]?.buffer?.hasDynamicOffset ? (rest.shift() ?? 0) : 0;
      const { bytes, written: words } = alive(buffer);
      return { bytes, offset: offset + dynamic, written: words };
    });
  }

  const has = new Set(["subgroups", "shader-f16"]);
  const device = {
    label: "interpreter",
    ...(runsOn && { runsOn }),
    features: has,
    limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 },
    adapterInfo: { vendor: "", architecture: "", device: "", description: "interpreter" },
    lost,
    queue,
    pushErrorScope: (): void => {
      scopes++;
    },
    popErrorScope: async (): Promise<{ message: string } | null> => {
      scopes--;
      const found = failure;
      failure = undefined;
      return found ? { message: found.message } : null;
    },
    createBuffer,
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => ({
      code,
      getCompilationInfo: async () => ({ messages: [] }),
    }),
    createBindGroupLayout: ({ entries }: { entries: readonly Entry[] }) => entries,
    createPipelineLayout: ({
      bindGroupLayouts: [first],
    }: {
      bindGroupLayouts: readonly (readonly Entry[])[];
    }) => first,
    createComputePipelineAsync: async ({
      layout,
      compute,
    }: {
      layout: readonly Entry[] | "auto";
      compute: { module: { code: string }; entryPoint: string };
    }) => {
      const entries = layout === "auto" ? [] : layout;
      const machine = machineFor(compute.module.code, compute.entryPoint);
      return { machine, layout: entries, getBindGroupLayout: () => entries };
    },
    createBindGroup: ({
      layout,
      entries,
    }: {
      layout: readonly Entry[];
      entries: readonly { readonly binding: number; readonly resource: Resource }[];
    }): FakeGroup => {
      const resources: Resource[] = [];
      for (const { binding, resource } of entries) resources[binding] = resource;
      return { layout, resources };
    },
    createCommandEncoder,
    destroy: (): void => lose({ reason: "destroyed", message: "" }),
  };
  return device as unknown as GPUDevice; // what the runtime asks of a device, and nothing else
}

/** GPUBufferUsage.STORAGE: that global is a browser's. */
const STORAGE = 0x80;
