/** Teams: some threads of a workgroup add up one sum, each every so many-th step of it, and put their parts together. */

import { must } from "../errors.ts";
import type { Axis, ReduceOp, Substitution } from "../ir/expr.ts";
import type { Team } from "../ir/kernel.ts";
import type { Value, Variable } from "../ir/value.ts";
import { batchFirst } from "../math/affine.ts";
import { builtin, float, int, loadFrom, plus, times } from "../math/value.ts";
import type { Builder } from "./builder.ts";
import { combine, cutsOf, loopInBlocks, type Sum, startOf } from "./sums.ts";
import { stepsAt, stepsOf } from "./threads.ts";

/** A team as one of its threads sees it. */
export interface Members extends Team {
  readonly workgroup: number;
  /** The team's number in the workgroup. */
  readonly place: Value;
  /** The thread's number in the team. */
  readonly member: Value;
}

/** One loop over all positions of some axes, of which each member of the team takes its own. */
export function loopTogether(
  builder: Builder,
  axes: readonly Axis[],
  { size, member }: Members,
  sum: Sum,
  body: (at: Substitution, into: readonly Variable[]) => void,
): void {
  const sorted = batchFirst(axes);
  const { count, known = Number.POSITIVE_INFINITY, most } = stepsOf(sorted);
  const [cuts] = cutsOf([most / size], sum);
  const loop = { stem: "turn", start: member, end: count, step: size, turns: known / size };
  loopInBlocks(builder, loop, must(cuts, "cuts"), sum.into, (turn, into) =>
    body(stepsAt(builder, sorted, turn), into),
  );
}

/** Puts the parts of variables together: afterwards each member holds the whole. */
export function combineParts(
  builder: Builder,
  op: ReduceOp,
  variables: readonly Variable[],
  { size, inner, place, workgroup }: Members,
): void {
  const local = builtin("local");
  const arrays = variables.map((variable) => {
    const array = builder.share("parts", variable.type, workgroup);
    builder.push({ kind: "store", to: array, at: local, value: variable });
    return array;
  });
  builder.push({ kind: "barrier" });
  // Of a sum or a product a member's own part counts once, of an extreme it may twice.
  if (op === "sum" || op === "prod")
    for (const variable of variables) builder.assign(variable, "=", float(startOf(op), variable.type.width));
  builder.for("part", { end: int(size) }, (part) => {
    const at =
      inner === "members"
        ? plus(times(place, int(size)), part)
        : plus(place, times(part, int(workgroup / size)));
    variables.forEach((variable, i) => {
      const value = loadFrom(must(arrays[i], "array"), at);
      if (op === "sum") builder.assign(variable, "+=", value);
      else builder.assign(variable, "=", combine(op, variable, value));
    });
  });
}
