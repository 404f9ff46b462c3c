/** Where in the memory buffers lie. */
import { ALIGNMENT } from "../../contract/wasm.ts";

/** A piece of the memory. */
export interface Block {
  readonly at: number;
  readonly size: number;
  /** Whether something lay there before: else it is zero. */
  readonly used: boolean;
}

export class Heap {
  /** By address. */
  readonly #blocks: Block[] = [];
  /** The bytes before the first block and behind the last that kernels may read. */
  #slack = ALIGNMENT;
  /** Up to here something lay once. */
  #top = 0;

  /** From now on blocks lie so far from the memory's ends. */
  keepOff(slack: number): void {
    this.#slack = Math.max(this.#slack, Math.ceil(slack / ALIGNMENT) * ALIGNMENT);
  }

  /** The first gap that is large enough. */
  take(bytes: number): Block {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let at = this.#slack;
    let i = 0;
    for (const block of this.#blocks) {
      if (block.at - at >= size) break;
      at = Math.max(at, block.at + block.size);
      i++;
    }
    const block = { at, size, used: at < this.#top };
    this.#blocks.splice(i, 0, block);
    this.#top = Math.max(this.#top, at + size);
    return block;
  }

  free(block: Block): void {
    const i = this.#blocks.indexOf(block);
    if (i >= 0) this.#blocks.splice(i, 1);
  }

  /** How long the memory has to be. */
  get bytes(): number {
    const last = this.#blocks.at(-1);
    return last ? last.at + last.size + this.#slack : 0;
  }
}
