/** Names of what training adds to a model: those that are wanted, unless the model has them. */
import type { Graph } from "../ir/graph.ts";

export class FreeNames {
  readonly #taken: Set<string>;

  /** Free of the names of the model's inputs and parameters. */
  constructor({ inputs, nodes }: Pick<Graph, "inputs" | "nodes">) {
    const params = nodes.flatMap((n) => (n.kind === "param" ? [n.origin.name] : []));
    this.#taken = new Set([...inputs.map((i) => i.name), ...params]);
  }

  /** `wanted`, or `wanted#2`, `wanted#3` and so on where it is taken; from now on it is. */
  take(wanted: string): string {
    let name = wanted;
    for (let k = 2; this.#taken.has(name); k++) name = `${wanted}#${k}`;
    this.#taken.add(name);
    return name;
  }
}
