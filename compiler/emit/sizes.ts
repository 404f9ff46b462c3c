/** What trains with N alone among the sizes that a run decides. */
import type { Program } from "../../contract/program.ts";
import { UserError } from "../errors.ts";

/** Throws `UserError` for a program that has further sizes. `what` is what they are refused by: `a bundle that trains`. */
export function refuseSizes({ name, sizes = [] }: Pick<Program, "name" | "sizes">, what: string): void {
  const [first] = sizes;
  if (!first) return;
  throw new UserError({
    problem: `"${name}" has the size ${sizes.map((s) => s.name).join(", ")}, which a run decides`,
    rule: `${what} takes models whose sizes are numbers, or N`,
    fix: `--dim ${first.name}=${first.max}, or another number up to it; in a script, createTrainer of weftgpu/sized-train takes each as it is`,
  });
}
