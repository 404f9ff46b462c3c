/**
 * Which locals of a function may be one: those of which never two are needed at a time. Unrolled code then says the same for
 * each of its parts, which compresses well, and numbers stay below 128, a byte each. (Poletto & Sarkar 1999, "Linear scan
 * register allocation", without a limit.)
 */
import type { Instruction } from "./decode.ts";

/** From the first instruction that sets a local to the last that needs it. */
interface Range {
  readonly local: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A slot for each local, by its number; parameters, the first ones, stay as they are. `typeOf`: locals of a type share slots. The
 * slots of a type are numbered from 0.
 */
export function slotsOf(
  code: readonly Instruction[],
  typeOf: readonly string[],
): { readonly slots: readonly number[]; readonly counts: ReadonlyMap<string, number> } {
  const ranges = rangesOf(code, typeOf.length).toSorted((a, b) => a.from - b.from);
  const slots: number[] = [];
  const counts = new Map<string, number>();
  let busy: { readonly slot: number; readonly type: string; readonly to: number }[] = [];
  for (const { local, from, to } of ranges) {
    const type = typeOf[local] ?? "";
    busy = busy.filter((b) => b.to >= from);
    const taken = new Set(busy.filter((b) => b.type === type).map((b) => b.slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    busy.push({ slot, type, to });
    slots[local] = slot;
    counts.set(type, Math.max(counts.get(type) ?? 0, slot + 1));
  }
  return { slots, counts };
}

/** A local that is set before a loop and used in it is needed to the loop's end; one that is read before it is set, always. */
function rangesOf(code: readonly Instruction[], count: number): readonly Range[] {
  const uses: number[][] = Array.from({ length: count }, () => []);
  const loops: { readonly from: number; to: number }[] = [];
  const open: ({ to: number } | undefined)[] = [];
  const read = new Set<number>();
  for (const [at, { name, numbers }] of code.entries()) {
    const [local = 0] = numbers;
    if (name.startsWith("local.")) {
      if (name === "local.get" && uses[local]?.length === 0) read.add(local);
      uses[local]?.push(at);
    }
    if (name === "block" || name === "if") open.push(undefined);
    if (name === "loop") {
      const loop = { from: at, to: at };
      loops.push(loop);
      open.push(loop);
    }
    if (name === "end") {
      const loop = open.pop();
      if (loop) loop.to = at;
    }
  }
  return uses.flatMap((list, local) => {
    const [from] = list;
    const last = list.at(-1);
    if (from === undefined || last === undefined) return [];
    if (read.has(local)) return [{ local, from: 0, to: code.length }];
    const around = loops.filter((l) => l.from > from && list.some((at) => at > l.from && at < l.to));
    return [{ local, from, to: Math.max(last, ...around.map((l) => l.to)) }];
  });
}
