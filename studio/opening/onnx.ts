/** Opens an ONNX file: imports it in a worker, and puts the model file that import makes in the place of the project's. */
import type { OnnxCalls } from "../compile/protocol.ts";
import { remote } from "../compile/rpc.ts";
import { h } from "../dom.ts";
import type { Studio } from "../tab.ts";
import { remember } from "../tabs/try/weights.ts";
import { ask } from "./ask.ts";
import type { Say, Text } from "./text.ts";

/** What is proposed for a size that is open. */
const USUAL = 64;

/**
 * `others`: files that were opened together with it, of which it may keep weights in some. Gives what to say; undefined where its
 * user called it off. Throws `UserError` where it cannot be imported.
 */
export async function openOnnx(
  file: File,
  others: readonly File[],
  { bench, weights, show }: Studio,
  text: Text,
): Promise<Say | undefined> {
  const worker = remote<OnnxCalls>("onnx.js");
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const { open, files } = await worker.call("about", bytes);
    const beside = files.map((path) => [path, others.find(({ name }) => path.endsWith(name))] as const);
    const absent = beside.flatMap(([path, found]) => (found ? [] : [path]));
    if (absent.length > 0) return (words) => words.loose(file.name, absent.join(", "));
    const dims = open.length > 0 ? await askSizes(file.name, open, text) : {};
    if (!dims) return undefined;
    const data = beside.map(async ([path, found]) => [
      path,
      new Uint8Array((await found?.arrayBuffer()) ?? []),
    ]);
    const name = file.name.replace(/\.onnx$/i, "").replaceAll(/[^\w.-]+/g, "_") || "model";
    const made = await worker.call("load", name, bytes, dims, Object.fromEntries(await Promise.all(data)));
    await bench.open(`${name}.ts`, { [`${name}.ts`]: made.source });
    weights.set(remember(made.weights, { kind: "opened", name: file.name, metadata: {} }));
    show("model");
    return (words) => words.imported(file.name, made.layers, made.parameters);
  } finally {
    worker.stop();
  }
}

/** A number for each size; undefined where the question is put away. */
function askSizes(
  name: string,
  open: readonly string[],
  text: Text,
): Promise<Readonly<Record<string, number>> | undefined> {
  return ask(text.sizes(name), (answer) => {
    const fields = open.map((size) =>
      h("input", { type: "number", min: "1", step: "1", required: true, value: `${USUAL}`, name: size }),
    );
    const cancel = h("button", { type: "button", onclick: () => answer(undefined) }, text.cancel);
    return [
      h("p", { class: "quiet-text" }, text.sizesHelp),
      h(
        "form",
        {
          onsubmit(event: SubmitEvent) {
            event.preventDefault();
            answer(Object.fromEntries(fields.map((field) => [field.name, field.valueAsNumber])));
          },
        },
        ...fields.map((field) =>
          h("label", { class: "field" }, h("span", { class: "mono" }, field.name), field),
        ),
        h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, text.go), cancel),
      ),
    ];
  });
}
