/** The parameters of a layer: made for it by its first application, or given to it as tensors. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { UserError } from "../errors.ts";
import type { Attrs, Node, OpDef, Origin, ParamRequest } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { isTensor } from "./tensor.ts";

/** The options of a layer: data, and the tensors that take the place of parameters, by role. */
export interface Settings {
  readonly attrs: Attrs;
  readonly given?: ReadonlyMap<string, Node>;
}

/** Takes the tensors out of the options and checks the rest. Throws `UserError`. */
export function settingsOf(def: OpDef, options: unknown): Settings {
  if (!def.takes || typeof options !== "object" || options === null) return { attrs: def.options(options) };
  const given = new Map<string, Node>();
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (def.takes.includes(key) && isTensor(value)) given.set(key, value.node);
    else rest[key] = value;
  }
  if (given.has("weight") && rest["init"] !== undefined)
    throw new UserError({
      problem: `${def.name}: init says how a weight starts, but the weight is given`,
      rule: "a parameter starts as whoever makes it says",
      fix: "param(name, shape, init)",
    });
  return { attrs: def.options(rest), given };
}

/** What the applications of one layer share: what the first of them made. */
export interface Shared {
  first?: { readonly params: readonly Node[]; readonly operands: readonly TensorType[] };
}

/** The parameters that follow the operands. Throws `UserError` where a given or a shared one has another shape. */
export function paramsOf(
  def: OpDef,
  { attrs, given }: Settings,
  operands: readonly TensorType[],
  origin: Origin,
  shared: Shared | undefined,
): readonly Node[] {
  const requests = def.params?.(attrs, operands) ?? [];
  return requests.map((request, i): Node => {
    const tensor = given?.get(request.role);
    if (tensor) return fitting(def.name, request, tensor, shown(operands));
    const first = shared?.first;
    const known = first?.params[i];
    if (!known) return made(request, origin);
    if (sameShape(known.type.shape, request.shape)) return known;
    throw new UserError({
      problem: `${def.name}: its ${request.role} is ${showShape(known.type.shape)} since it was applied to ${shown(first.operands)}, but ${shown(operands)} needs ${showShape(request.shape)}`,
      rule: "a layer has one set of parameters, wherever it is applied",
      fix: `a layer for each: const layer = () => ${def.name}(…), and layer()(x)`,
    });
  });
}

const shown = (types: readonly TensorType[]): string => types.map((t) => showShape(t.shape)).join(" and ");

function fitting(op: string, { role, shape }: ParamRequest, tensor: Node, operand: string): Node {
  if (sameShape(tensor.type.shape, shape)) return tensor;
  throw new UserError({
    problem: `${op}: the given ${role} is ${showShape(tensor.type.shape)}, but for ${operand} it has to be ${showShape(shape)}`,
    rule: `${role} has the shape of the parameter that ${op} would make`,
    fix: `a tensor ${showShape(shape)}, such as a param(), reshape(…) or transpose(…)`,
  });
}

function made({ role, shape, init, use }: ParamRequest, origin: Origin): Node {
  return {
    kind: "param",
    type: { dtype: "f32", shape },
    origin: { ...origin, name: `${origin.name}.${role}` },
    init,
    ...(use ? { use } : {}),
    own: role,
  };
}
