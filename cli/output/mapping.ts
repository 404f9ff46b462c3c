/** Which tensor of a file becomes which parameter: as a table, in JSON, and what is wrong with it. */
import { plural, UserError } from "../../compiler/errors.ts";
import { type Column, layoutTable, plain } from "../../compiler/report/layout.ts";
import { showSizes } from "../../contract/type.ts";
import { layersOf, type Named, partOf } from "../mapping/layers.ts";
import { type Ambiguous, type Filled, type Plan, partsByShape, runsOf, showParts } from "../mapping/plan.ts";

const COLUMNS: readonly Column[] = [
  { header: "layer", cut: "start", cutOrder: 2, keep: 14 },
  { header: "parameters", cut: "end", cutOrder: 0 },
  { header: "from", cut: "start", cutOrder: 1, keep: 14 },
  { header: "found by", cut: "end", cutOrder: 3, dim: true },
];

/** Rows of a layer, as long as all of it is from one layer of the file. */
export function mappingText(
  plan: Plan,
  options: { readonly width: number; readonly color: boolean },
): string {
  const rows = runsOf(plan.filled).map((run) => {
    const [first] = run;
    const { layer } = partOf(first.to.name);
    const from = first.from && partOf(first.from.name).layer;
    // Shapes first: what is cut off is what the parts are called.
    const parts = layersOf(run.map(({ to }) => to)).flatMap((each) =>
      [...partsByShape(each)].map(([shape, roles]) => `${shape} ${roles.join(" ")}`.trim()),
    );
    const how = [first.rule, ...new Set(run.flatMap((each) => changeText(each)))].join(", ");
    return [plain(layer), parts.join(", "), from === undefined ? "initial values" : plain(from), how];
  });
  return layoutTable(COLUMNS, rows, options).join("\n");
}

function changeText({ change, from }: Filled): readonly string[] {
  return change === "" || !from ? [] : [`${change} from ${showSizes(from.shape)}`];
}

export function mappingJson({ filled, left }: Plan): object {
  return {
    parameters: filled.map(({ to, from, change, rule }) => ({
      name: to.name,
      shape: to.shape,
      from: from?.name ?? null,
      change: change === "" ? null : change,
      foundBy: rule,
    })),
    left: left.map(({ name, shape }) => ({ name, shape })),
  };
}

/** How many of a list are written out before the rest is counted. */
const SHOWN = 8;

/** `fc.weight [1000, 512], fc.bias [1000] and 3 more` */
export function listed(tensors: readonly Named[]): string {
  const shown = tensors.slice(0, SHOWN).map(({ name, shape }) => `${plain(name)} ${showSizes(shape)}`);
  const more = tensors.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Why no weights are written; undefined where all parameters are known. */
export function refusal(
  { missing, ambiguous, left }: Plan,
  shown: string,
  model: string,
): UserError | undefined {
  const [first] = ambiguous;
  if (first)
    return new UserError({
      problem: `${shown} does not say which is which:${ambiguous.slice(0, SHOWN).map(question).join("")}${more(ambiguous.length - SHOWN)}`,
      rule: "a layer is found by its name, its shapes, its neighbours, the numbers in names, or words that only two names share",
      fix: `--map map.json, with what you know of them, such as ${JSON.stringify(example(first))}`,
    });
  if (missing.length === 0) return undefined;
  return new UserError({
    problem: `${shown} has no ${plural(missing.length, "tensor", "tensors")} for ${missing.length} ${plural(missing.length, "parameter")} of ${model}: ${listed(missing)}`,
    rule: left.length > 0 ? `what is left of the file: ${listed(left)}` : "nothing is left of the file",
    fix: `change the model, or --map map.json: ${JSON.stringify(kept(missing))} keeps initial values`,
  });
}

const more = (count: number): string => (count > 0 ? `\n          and ${count} more such` : "");

function question({ wanted, from }: Ambiguous): string {
  const names = (layers: Ambiguous["wanted"]): string => layers.map(({ name }) => plain(name)).join(", ");
  const parts = wanted[0] ? showParts(wanted[0]) : "";
  return `\n          ${names(wanted)} (${parts}): ${names(from)}`;
}

/** How a map would say it. */
function example({ wanted, from }: Ambiguous): Readonly<Record<string, string>> {
  return Object.fromEntries(
    wanted.flatMap(({ name }, i) => (from[i] ? [[name, from[i].name]] : [])).slice(0, 2),
  );
}

const kept = (missing: readonly Named[]): Readonly<Record<string, null>> =>
  Object.fromEntries(
    [...new Set(missing.map(({ name }) => partOf(name).layer))].slice(0, 2).map((layer) => [layer, null]),
  );
