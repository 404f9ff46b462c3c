/** What a strategy is: a way to carry kernels out, all of it in one file. */
import type { Grid } from "../../contract/program.ts";
import type { Kernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import type { Entry } from "../lower/entry.ts";
import type { Lowering } from "../lower/evaluate.ts";
import type { Vector } from "../lower/threads.ts";
import type { Target } from "./target.ts";
import type { Items, Said } from "./text.ts";

/** A schedule that is worth measuring. */
export interface Trial<S extends Schedule = Schedule> {
  readonly schedule: S;
  /** Per useful multiply-add, in the time of one: comparable among the trials of one strategy. */
  readonly cost: number;
}

/** Methods on purpose: they let a strategy of one kind of kernel stand where any is wanted; `kind` is asked before. */
export interface Strategy<K extends Kernel = Kernel, S extends Schedule = Schedule> {
  /** What schedules say, and texts begin with: a term of the field. */
  readonly name: string;
  readonly kind: K["kind"];
  /** What texts of this strategy may say besides. */
  readonly labels: readonly string[];
  /** Its schedule where it pays on a target; else the next strategy's turn. The last one of a kind always has one. */
  choose(kernel: K, target: Target, storages: Storages): S | undefined;
  /** What is worth measuring on a target. */
  trials(kernel: K, target: Target, storages: Storages): readonly Trial<S>[];
  /** What it decided, to be printed; the first item is its name. */
  items(kernel: K, schedule: S): Items;
  /** The schedule that a text says; undefined where it is none, or not legal for the kernel. */
  parse(kernel: K, said: Said): S | undefined;
  /** The regions of several kernels that carry this one out, in order, each with a schedule of its own. Absent: one kernel does. */
  passes?(kernel: K, schedule: S, storages: Storages): readonly Region[];
  /** In threads; in teams or workgroups where these work together. */
  grid(kernel: K, schedule: S): Grid;
  lower(lowering: Lowering, entry: Entry, kernel: K, schedule: S, vector: Vector | undefined): void;
}
