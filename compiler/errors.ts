/**
 * Two kinds of failure, told apart by type.
 *
 * `UserError`: the model, a flag or a file is wrong. It is printed as a message without a stack trace.
 * `InternalError`: Weft itself is wrong. It says so and keeps its stack trace.
 */
import type { Diagnosis, Location } from "../contract/diagnosis.ts";

export function formatLocation(at: Location): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** `conv1 (lenet.ts:7:15): problem`, then the rule and the fix on lines of their own. */
export function formatDiagnosis(d: Diagnosis): string {
  const place = d.at ? formatLocation(d.at) : undefined;
  const subject =
    d.layer && place ? `${d.layer} (${place}): ` : d.layer || place ? `${d.layer ?? place}: ` : "";
  const lines = [`${subject}${d.problem}`];
  if (d.rule) lines.push(`  rule: ${d.rule}`);
  if (d.fix) lines.push(`  try:  ${d.fix}`);
  return lines.join("\n");
}

/** A mistake in the user's model, flag or file. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly diagnosis: Diagnosis;
  constructor(diagnosis: Diagnosis) {
    super(formatDiagnosis(diagnosis));
    this.diagnosis = diagnosis;
  }
  /** The same error with more context: fields that are already set win. */
  within(context: Pick<Diagnosis, "layer" | "at">): UserError {
    return new UserError({ ...context, ...this.diagnosis });
  }
}

/** A broken promise of Weft's own: never the user's fault. */
export class InternalError extends Error {
  override readonly name = "InternalError";
  constructor(message: string) {
    super(`${message}\n  This is a bug in Weft, not in your model. Please report it with the model file.`);
  }
}

/** Narrows away `undefined` where an invariant guarantees a value. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InternalError(`missing ${what}`);
  return value;
}

/** The word for so many: `${n} ${plural(n, "example")}`, `plural(n, "class", "classes")`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? one : many;
}
