/** Which of the model's inputs a source of `--input` is for. */
import { extname } from "node:path";
import { UserError } from "../../compiler/errors.ts";

export interface Owned<I> {
  /** One input; all of them where one JSON object may hold an array for each. */
  readonly inputs: readonly I[];
  readonly path: string;
}

/** `image=a.png` where `image` is an input of the model, the path alone where there is one input. Throws `UserError` for what is neither. */
export function ownerOf<I extends { readonly name: string }>(source: string, inputs: readonly I[]): Owned<I> {
  const named = inputs.find(({ name }) => source.startsWith(`${name}=`));
  if (named) return { inputs: [named], path: source.slice(named.name.length + 1) };
  if (inputs.length === 1 || extname(source).toLowerCase() === ".json") return { inputs, path: source };
  const names = inputs.map(({ name }) => name);
  throw new UserError({
    problem: `--input ${source} does not say which of the inputs ${names.join(", ")} it is for`,
    fix: `write --input ${names.map((name) => `${name}=FILE`).join(" ")}`,
  });
}
