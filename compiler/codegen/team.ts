/** Teams: some threads of a workgroup add up one sum, each every so many-th step of it, and put their parts together. */
import { must } from "../errors.ts";
import type { Axis, Reduce, Substitution } from "../ir/expr.ts";
import type { Team } from "../ir/kernel.ts";
import { batchFirst } from "../math/affine.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import { stepsAt } from "./threads.ts";
import type { Writer } from "./writer.ts";

/** One loop over all positions of some axes, of which each member of the team takes its own. */
export function loopTogether(
  writer: Writer,
  axes: readonly Axis[],
  { size }: Team,
  body: (at: Substitution) => void,
): void {
  const sorted = batchFirst(axes);
  const known = sorted.reduce((a, x) => a * (x.extent === "N" ? 1 : x.extent), 1);
  const end = sorted[0]?.extent === "N" ? `${writer.batch().text} * ${known}` : known;
  const name = writer.name("turn");
  writer.nested(
    () => body(stepsAt(writer, sorted, name)),
    (inner) => ({ kind: "for", name, start: "member", end, step: size, body: inner }),
  );
}

/** Puts the parts of variables together: afterwards each member holds the whole. */
export function combineParts(
  writer: Writer,
  op: Reduce["op"],
  variables: readonly { readonly name: string; readonly width: Width }[],
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
      writer.push({
        kind: "assign",
        target: name,
        op: "=",
        value: width === 1 ? "0.0" : `${wgslType(width)}(0.0)`,
      });
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
