/** The source of the inputs for one model: a picture where it takes one and is not to have numbers. */
import { UserError } from "../../../compiler/errors.ts";
import { unpacked } from "../train/data.ts";
import { arrayIn, fittedTo } from "./numbers.ts";
import { type KeptNumbers, numbersCard, usualSizes } from "./numbersCard.ts";
import { pictureInput } from "./picture.ts";
import { pictureCard } from "./pictureCard.ts";
import type { TryProps } from "./props.ts";
import { inputsOf, type Source } from "./source.ts";
import { originOf } from "./weights.ts";

/** `changed` is called when there are other inputs. */
export function sourceOf(props: TryProps, changed: () => void): Source {
  const { model, memory, input, text, studio, again } = props;
  if (!input) {
    const { file, graph } = model;
    const toPicture = (): void => again(() => memory.asNumbers.delete(file));
    return numbersCard({
      inputs: inputsOf(graph),
      kept: keptNumbers(props),
      text,
      changed,
      resize: (sizes) => again(() => memory.numbers.set(file, { tensors: new Map(), sizes })),
      openFiles: studio.open,
      usePicture: pictureInput(graph) && toPicture,
      leave: (kept) => memory.numbers.set(file, kept),
    });
  }
  const given = studio.weights.value;
  const card = pictureCard({
    frame: input.frame,
    samples: (given && originOf(given)?.samples) ?? studio.project.samples,
    text,
    kept: memory.kept,
    changed,
    openFiles: studio.open,
    useNumbers: () => again(() => memory.asNumbers.add(model.file)),
  });
  return {
    element: card.element,
    picture: card,
    inputs: () => ({ [input.name]: card.values() }),
    isEmpty: () => card.values().every((value) => value === 0),
    leave() {
      memory.kept = card.keep();
    },
  };
}

/** The numbers of the model's inputs as they were left, and what its open sizes are. */
export function keptNumbers({ model, memory }: Pick<TryProps, "model" | "memory">): KeptNumbers {
  const before = memory.numbers.get(model.file);
  return { tensors: before?.tensors ?? new Map(), sizes: usualSizes(inputsOf(model.graph), before?.sizes) };
}

/** Puts a file's numbers into the first input that they fit. Throws `UserError` where they fit none. */
export async function takeArray(file: File, { model, memory, again }: TryProps): Promise<void> {
  const bytes = await unpacked(file);
  const stem = file.name.replace(/\..*$/, "");
  const inputs = inputsOf(model.graph);
  // One that is called as the file before all others.
  const order = [
    ...inputs.filter(({ name }) => name === stem),
    ...inputs.filter(({ name }) => name !== stem),
  ];
  let first: unknown;
  for (const input of order)
    try {
      const { tensor, sizes } = fittedTo(input, arrayIn(bytes, file.name, input.dtype), file.name);
      return again(() => {
        const { tensors, sizes: before } = keptNumbers({ model, memory });
        memory.numbers.set(model.file, {
          tensors: new Map([...tensors, [input.name, tensor]]),
          sizes: { ...before, ...sizes },
        });
        memory.asNumbers.add(model.file);
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
    }
  throw first;
}
