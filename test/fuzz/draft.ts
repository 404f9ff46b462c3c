/** A random model under construction: its lines so far, and the shape of every tensor. */
import * as dsl from "../../compiler/dsl/index.ts";
import type { DType } from "../../contract/type.ts";
import type { Dice } from "./dice.ts";
import { applyLine, type Dim, type Input, inputOf, type Line, type Operand, type Param } from "./spec.ts";

export class Draft {
  /** Where the current step takes its decisions from. */
  dice: Dice;
  readonly inputs: Input[] = [];
  readonly lines: Line[] = [];
  readonly params: Param[] = [];
  readonly #tensors = new Map<string, dsl.Tensor>();
  readonly #order: string[] = [];
  readonly #used = new Set<string>();
  /** What depends on parameters alone, those included. */
  readonly #fixed = new Set<string>();

  /** Whether steps may add inputs. A model that is trained has one. */
  readonly open: boolean;

  constructor(dice: Dice, input: Input, open = true) {
    this.dice = dice;
    this.open = open;
    this.input(input);
  }

  input(input: Input): string {
    this.inputs.push(input);
    this.#tensors.set(input.name, inputOf(input));
    this.#order.push(input.name);
    return input.name;
  }

  /** Appends a line; its shape is what the model language infers. Throws `UserError` where the line is not valid. */
  line(op: string, operands: readonly Operand[], options?: Line["options"], part?: number): string {
    const name = `y${this.lines.length + 1}`;
    const given = { ...(options === undefined ? {} : { options }), ...(part === undefined ? {} : { part }) };
    const line: Line = { name, op, operands, ...given };
    const tensor = applyLine(line, (n) => this.#find(n));
    const read = operands.flat().filter((o) => typeof o === "string");
    for (const o of read) this.#used.add(o);
    if (read.every((o) => this.#fixed.has(o))) this.#fixed.add(name);
    this.#tensors.set(name, tensor);
    this.#order.push(name);
    this.lines.push(line);
    return name;
  }

  param(shape: readonly number[]): string {
    const name = `p${this.params.length + 1}`;
    this.params.push({ name, shape });
    this.#tensors.set(name, dsl.param(name, shape));
    this.#fixed.add(name);
    return name;
  }

  /** Inputs and results, oldest first; whole numbers and parameters excluded, and what depends on these alone. */
  tensors(): readonly string[] {
    return this.#order.filter((n) => !this.#fixed.has(n) && this.dtype(n) === "f32");
  }

  /** Whole numbers, inputs and what was made of them, oldest first. */
  whole(): readonly string[] {
    return this.#order.filter((n) => this.dtype(n) !== "f32");
  }

  /** Parameters and what depends on them alone. */
  fixed(): readonly string[] {
    return [...this.#fixed];
  }

  /** Results that no line reads. */
  leaves(): readonly string[] {
    return this.lines.map((l) => l.name).filter((n) => !this.#used.has(n));
  }

  shape(name: string): readonly Dim[] {
    return this.#find(name).node.type.shape as readonly Dim[]; // no other sizes are drawn
  }

  dtype(name: string): DType {
    return this.#find(name).node.type.dtype;
  }

  #find(name: string): dsl.Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`the model has no ${name}`);
    return tensor;
  }

  /** A point to return to. */
  mark(): Checkpoint {
    return {
      inputs: this.inputs.length,
      lines: this.lines.length,
      params: this.params.length,
      used: new Set(this.#used),
    };
  }
  /** Forgets what was added since. */
  rewind(to: Checkpoint): void {
    const forgotten = [
      ...this.inputs.splice(to.inputs),
      ...this.lines.splice(to.lines),
      ...this.params.splice(to.params),
    ];
    for (const { name } of forgotten) {
      this.#tensors.delete(name);
      this.#fixed.delete(name);
      const at = this.#order.indexOf(name);
      if (at >= 0) this.#order.splice(at, 1);
    }
    this.#used.clear();
    for (const name of to.used) this.#used.add(name);
  }
}

interface Checkpoint {
  readonly inputs: number;
  readonly lines: number;
  readonly params: number;
  readonly used: ReadonlySet<string>;
}
