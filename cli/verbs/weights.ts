/** `weft weights`: weights that another program wrote, under the names of a model. */
import { compile } from "../../compiler/compile.ts";
import { plural, UserError } from "../../compiler/errors.ts";
import { asGiven } from "../../contract/quantised.ts";
import { isCounter, type Stored, storedAs } from "../../contract/stored.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { mergedWith } from "../adapters/index.ts";
import { readBytes, shownPath } from "../files.ts";
import { filledWeights } from "../mapping/fill.ts";
import { type NameMap, type Plan, planOf } from "../mapping/plan.ts";
import { loadModel } from "../model.ts";
import { listed, mappingJson, mappingText, refusal } from "../output/mapping.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { noteCounters, saying, storedIn } from "../weights.ts";
import { requireWritableFile, writeFiles } from "../write.ts";

interface Options extends ModelVerbOptions {
  readonly from: string;
  readonly map?: string;
  readonly merge?: string;
  readonly out?: string;
}

export const weights = verb({
  options: (command) =>
    command
      .requiredOption("--from <file>", "weights of the same network: safetensors, or PyTorch's .pt or .pth")
      .option("--map <file>", 'JSON of what the names do not say: {"stem/norm1": "bn1", "head/fc1": null}')
      .option(
        "--merge <file>",
        "adapters that weft train --lora or PEFT made beside these weights: what they learnt is put in",
      )
      .option("-o, --out <file>", "where the weights go; without it the table alone is printed"),
  help: `
A layer is found by its name, by its shapes where no other has them, by its
neighbours, by the numbers in names, or by a word that no other name has. Where
that leaves a choice, nothing is written: --map says which it is, of a layer
or of one parameter; null keeps initial values, for a layer to be trained anew.
${examples([
  [
    "weft weights models/resnet18.ts --from resnet18.safetensors --out models/resnet18.safetensors",
    "what torchvision saved, under the names of the model file",
  ],
  ["weft weights model.ts --from state.pt", "look at the table first"],
  [
    "weft weights model.ts --from state.pt --map map.json --out model.safetensors",
    "with what map.json says of names that do not say it themselves",
  ],
])}`,
  run: (model: string, options: Options, { ui }) => rename(model, options, ui),
});

async function rename(model: string, { from, map, merge, out, format, dim }: Options, ui: Ui): Promise<void> {
  if (out !== undefined) await requireWritableFile(out);
  const { graph } = await loadModel(model, { dims: dim });
  const params = compile(graph).program.params.map(asGiven);
  const names = map === undefined ? {} : readMap(await readBytes(map, "the map"), shownPath(map));
  const stored = await storedIn(await readBytes(from, "the weights"), from, graph.name);
  const tensors = Object.entries(stored).map(([name, { shape }]) => ({ name, shape }));
  const own = new Set(params.map(({ name }) => name));
  const looked = tensors.filter(({ name }) => own.has(name) || !isCounter(name));
  const plan = planOf(params, looked, names);
  const refused = refusal(plan, shownPath(from), graph.name);
  if (refused) throw refused;
  const shown = shownPath(from);
  const made = saying(shown, graph.name, () => filledWeights(params, stored, plan));
  const all = merge === undefined ? made : await mergedWith(merge, graph, made);
  if (format === "json") printJson(ui, mappingJson(plan));
  else ui.out(mappingText(plan, { width: ui.width, color: ui.colors.isColorSupported }));
  noteCounters(
    tensors.map(({ name }) => name),
    from,
    ui.note,
  );
  if (plan.left.length > 0) ui.note(`${shown}: left aside: ${listed(plan.left)}`);
  noteTypes(stored, plan, shown, ui);
  if (out === undefined) ui.note("nothing is written without --out FILE");
  else {
    await writeFiles([[out, writeSafetensors(all)]]);
    ui.note(`the weights are in ${shownPath(out)}`);
  }
}

/** Says what was converted. */
function noteTypes(stored: Readonly<Record<string, Stored>>, { filled }: Plan, shown: string, ui: Ui): void {
  const counts = new Map<string, number>();
  for (const { from } of filled) {
    const tensor = from && stored[from.name];
    const type = tensor && storedAs(tensor.data);
    if (type !== undefined && type !== "f32") counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const [type, count] of counts)
    ui.note(`${shown}: ${count} ${plural(count, "tensor")} of ${type.toUpperCase()} became f32`);
}

const MAP_RULE = "a map is an object: names of the model, and for each a name of the file, or null";

function readMap(bytes: Uint8Array, shown: string): NameMap {
  let map: unknown;
  try {
    map = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new UserError({ problem: `${shown} is no JSON: ${(error as Error).message}`, rule: MAP_RULE });
  }
  const isMap = (value: unknown): value is NameMap =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((name) => name === null || typeof name === "string");
  if (!isMap(map))
    throw new UserError({
      problem: `${shown} is no map of names`,
      rule: MAP_RULE,
      fix: '{"stem/norm1": "bn1"}',
    });
  return map;
}
