/** How a stored tensor lies in memory: one record, decided by `passes/storage.ts`, that everything after it reads. */
import type { RowStorage } from "../../contract/program.ts";
import type { Node } from "./graph.ts";

/** What an element is written down as; `ops/codec.ts` has a row for each. */
export type StorageType = "f32" | "f16" | "u32" | "i32" | "u8" | "u16" | "i8" | "i4";

export interface Storage {
  readonly type: StorageType;
  /** Its axes as they lie, outermost first. Absent: as in its shape (row-major). */
  readonly order?: readonly number[];
  /** The tensor that it is the bytes of: a reshape's. Absent: it has bytes of its own. */
  readonly of?: Node;
  /**
   * Its numbers, row-major over its shape, rounded where f16 is its type: they stand in the kernels' text wherever their
   * address is constant. Absent: it lies in a buffer.
   */
  readonly values?: Float32Array;
  /** Whether the host reads or fills its buffer as it is: then it lies there, in f32 and row-major. */
  readonly seen?: true;
  /** Whether it is the same in every run: known once weights are set. */
  readonly fixed?: true;
}

/** Of every tensor that is stored: inputs, parameters, results of kernels and what reshapes one of these. */
export type Storages = ReadonlyMap<Node, Storage>;

/** f32 is what nothing is said of. */
export const typeOf = (storages: Storages, node: Node): StorageType => storages.get(node)?.type ?? "f32";

/** Whether a tensor has a buffer, or would have: all but those whose values stand in the text. */
export const inBuffer = (storages: Storages, node: Node): boolean => storages.get(node)?.values === undefined;

/** What a data set on the GPU is stored as; undefined of all else. */
export const rowsOf = (node: Node): RowStorage | undefined =>
  node.kind === "input" ? node.storage : undefined;
