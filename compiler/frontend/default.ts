/** The default export of a model file, or why it is no model. */

import { showShape } from "../../contract/shapes.ts";
import { isLayer } from "../dsl/layer.ts";
import { isModel } from "../dsl/model.ts";
import { isTensor } from "../dsl/tensor.ts";
import { UserError } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";

const rule = "a model file exports its model as the default";
const form = "export default model(name, { inputs }, { outputs })";

/** Throws `UserError` that says what the file exports instead. */
export function defaultModel(exports: Readonly<Record<string, unknown>>, shown: string): Graph {
  const value = exports["default"];
  if (isModel(value)) return value.graph;
  if (!("default" in exports)) {
    const named = Object.keys(exports).find((name) => isModel(exports[name]));
    throw new UserError({
      problem: named
        ? `${shown} exports its model as "${named}", but not as the default`
        : `${shown} has no default export`,
      rule,
      fix: named ? `export default ${named}` : form,
    });
  }
  throw new UserError({
    problem: `${shown}: the default export is ${kind(value)}, not a model`,
    rule,
    fix: form,
  });
}

function kind(value: unknown): string {
  if (isTensor(value)) return `a tensor ${showShape(value.node.type.shape)}`;
  if (isLayer(value)) return `a layer (${value.layer})`;
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "function":
      // esbuild calls a nameless default export `<file>_default`.
      return value.name === "" || value.name.endsWith("_default")
        ? "a function"
        : `the function ${value.name}`;
    case "object":
      return value === null ? "null" : "an object";
    case "undefined":
      return "undefined";
    default:
      return `the ${typeof value} ${JSON.stringify(value) ?? String(value)}`;
  }
}
