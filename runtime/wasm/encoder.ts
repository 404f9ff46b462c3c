/** Command lists, as WebGPU has them encoded and as machines read them. */
import type { Block } from "./heap.ts";
import { CLEAR, COPY } from "./machine.ts";

/** A buffer. */
export interface Place {
  readonly label: string;
  readonly size: number;
  /** Absent: there was no room, or it has been destroyed. */
  block?: Block | undefined;
}
export interface Layout {
  readonly entries: readonly { readonly buffer: { readonly type: GPUBufferBindingType } }[];
}
export interface Group {
  readonly label: string;
  readonly layout: Layout;
  readonly entries: readonly { readonly resource: { readonly buffer: Place } }[];
}
export interface Kernel {
  readonly module: number;
  /** What it is exported as. */
  readonly kernel: number;
  /** Of a workgroup. */
  readonly cost: number;
}

/** What is submitted. */
export interface List {
  readonly words: readonly number[];
  /** Of each command, by its place among the words. */
  readonly names: ReadonlyMap<number, string>;
  readonly used: ReadonlySet<Place>;
  readonly cost: number;
}

/** Of kernels that say nothing: work that is worth dividing where there are many workgroups. */
export const USUAL_COST = 1000;
/** Bytes that are moved in the time of an operation. */
const BYTES = 16;
const MOST = 2 ** 32 - 1;

/** The part of GPUCommandEncoder that Weft uses. */
export function encoder() {
  const words: number[] = [];
  const names = new Map<number, string>();
  const used = new Set<Place>();
  let cost = 0;
  const put = (
    name: string,
    module: number,
    kernel: number,
    groups: number,
    work: number,
    args: number[],
  ) => {
    const total = Math.min(MOST, Math.ceil(groups * work));
    cost += total;
    names.set(words.length, name);
    words.push(module, kernel, groups, total, args.length, ...args);
  };
  const at = (place: Place, offset = 0): number => {
    used.add(place);
    return (place.block?.at ?? 0) + offset;
  };
  return {
    beginComputePass() {
      let set: Kernel;
      let group: Group;
      let offset: number | undefined;
      return {
        setPipeline(kernel: Kernel) {
          set = kernel;
        },
        setBindGroup(_: number, next: Group, offsets: readonly number[]) {
          group = next;
          [offset] = offsets;
        },
        dispatchWorkgroups(x: number, y = 1) {
          const { label, layout, entries } = group;
          const addresses = entries.map(({ resource }) => at(resource.buffer));
          if (layout.entries[0]?.buffer.type === "uniform")
            addresses[0] = (addresses[0] as number) + (offset ?? 0);
          else addresses.unshift(0);
          put(`kernel ${label}`, set.module, set.kernel, x * y, set.cost, addresses);
        },
        end() {},
      };
    },
    copyBufferToBuffer(from: Place, fromAt: number, to: Place, toAt: number, size: number) {
      put("a copy", COPY, 0, 1, size / BYTES, [at(to, toAt), size, at(from, fromAt)]);
    },
    clearBuffer(place: Place) {
      put("a clearing", CLEAR, 0, 1, place.size / BYTES, [at(place), place.size]);
    },
    finish: (): List => ({ words, names, used, cost }),
  };
}
