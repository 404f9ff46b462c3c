/** Parameters that training leaves as they are. */
import { plural, UserError } from "../errors.ts";
import type { Node } from "../ir/graph.ts";
import { closest } from "../options.ts";

const SPECIAL = /[.+?^${}()|[\]\\]/g;

/** A name, or a scope and all that is in it; `*` is any text. */
function matcher(pattern: string): (name: string) => boolean {
  const text = pattern.replace(SPECIAL, "\\$&").replaceAll("*", ".*");
  const whole = new RegExp(`^${text}(?:$|[./])`, "s");
  return (name) => whole.test(name);
}

/** Whether a name is one that the patterns mean. Throws what `unknown` makes of a pattern that means none of `names`. */
export function matching(
  patterns: readonly string[],
  names: readonly string[],
  unknown: (pattern: string) => UserError,
): (name: string) => boolean {
  const each = patterns.map((pattern) => {
    const matches = matcher(pattern);
    if (!names.some(matches)) throw unknown(pattern);
    return matches;
  });
  return (name) => each.some((matches) => matches(name));
}

/**
 * Those of a model's trained parameters that are still trained where these names are frozen: parameters (`fc1.weight`), layers
 * (`fc1`), scopes (`stem`), with `*` for any text. Throws `UserError` for a name that is none of these, and where nothing is
 * left to train.
 */
export function unfrozen(
  parameters: readonly Node[],
  patterns: readonly string[],
  model: string,
): readonly Node[] {
  const names = parameters.map(({ origin }) => origin.name);
  const frozen = matching(patterns, names, (pattern) => unknown(pattern, names, model));
  const left = parameters.filter(({ origin }) => !frozen(origin.name));
  if (left.length > 0 || patterns.length === 0) return left;
  throw new UserError({
    problem: `all ${names.length} ${plural(names.length, "parameter")} of ${model} are frozen, so there is nothing to train`,
    rule: `${patterns.join(", ")} ${plural(patterns.length, "covers", "cover")} ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`,
    fix: "freeze fewer layers",
  });
}

function unknown(pattern: string, names: readonly string[], model: string): UserError {
  const layers = names.map((name) => name.replace(/[.][^.]*$/, ""));
  const known = [...new Set([...layers, ...names])];
  return new UserError({
    problem: `"${pattern}" is to be frozen, but no trained parameter of ${model} is called so`,
    rule: `a name is a parameter's, a layer's or a scope's, with * for any text; the layers are ${[...new Set(layers)].slice(0, 12).join(", ")}${layers.length > 12 ? ", …" : ""}`,
    fix: closest(pattern, known) ?? known[0] ?? "nothing is trained here",
  });
}
