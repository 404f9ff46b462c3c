/** Teams: some threads of a workgroup add up one sum, each every so many-th step of it, and put their parts together. */
import type { Team } from "../../contract/tuning.ts";
import { must } from "../errors.ts";
import type { Axis, Reduce, Substitution } from "../ir/expr.ts";
import { batchFirst } from "../math/affine.ts";
import { wgslType } from "../ops/scalar.ts";
import type { Scopes } from "./scopes.ts";
import { type Accumulator, cutsOf, loopInBlocks, type Sum, zeroOf } from "./sums.ts";
import { stepsAt } from "./threads.ts";

/** One loop over all positions of some axes, of which each member of the team takes its own. */
export function loopTogether(
  writer: Scopes,
  axes: readonly Axis[],
  { size }: Team,
  sum: Sum,
  body: (at: Substitution, into: readonly Accumulator[]) => void,
): void {
  const sorted = batchFirst(axes);
  const known = sorted.reduce((a, x) => a * (x.extent === "N" ? 1 : x.extent), 1);
  const endless = sorted[0]?.extent === "N";
  const end = endless ? `${writer.batch().text} * ${known}` : known;
  const turns = endless ? Number.POSITIVE_INFINITY : known / size;
  const [cuts] = cutsOf([turns], sum);
  loopInBlocks(
    writer,
    { stem: "turn", start: "member", end, step: size, turns },
    must(cuts, "cuts"),
    sum.into,
    (name, into) => body(stepsAt(writer, sorted, name), into),
  );
}

/** Puts the parts of variables together: afterwards each member holds the whole. */
export function combineParts(
  writer: Scopes,
  op: Reduce["op"],
  variables: readonly Accumulator[],
  { size, inner }: Team,
  workgroup: number,
): void {
  const arrays = variables.map(({ name, width }) => {
    const array = writer.share("parts", `array<${wgslType(width)}, ${workgroup}>`);
    writer.push({ kind: "assign", target: `${array}[local]`, op: "=", value: name });
    return array;
  });
  writer.push({ kind: "barrier" });
  if (op === "sum")
    for (const { name, width } of variables)
      writer.push({ kind: "assign", target: name, op: "=", value: zeroOf(width) });
  const part = writer.name("part");
  const from = inner === "members" ? `place * ${size} + ${part}` : `place + ${part} * ${workgroup / size}`;
  writer.nested(
    () => {
      for (const [i, { name }] of variables.entries()) {
        const value = `${must(arrays[i], "array")}[${from}]`;
        writer.push(
          op === "sum"
            ? { kind: "assign", target: name, op: "+=", value }
            : { kind: "assign", target: name, op: "=", value: `${op}(${name}, ${value})` },
        );
      }
    },
    (body) => ({ kind: "for", name: part, end: size, step: 1, body }),
  );
}
