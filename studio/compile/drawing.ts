/** Where every box of the graph stands: layers from top to bottom (dagre), those of a kernel together. */

import { Graph as Dagre, layout } from "@dagrejs/dagre";
import { plural } from "../../compiler/errors.ts";
import type { Graph, Node } from "../../compiler/ir/graph.ts";
import { fieldSize } from "../../compiler/report/receptive.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import type { KernelView, LayerView } from "./parts.ts";

export interface Box {
  readonly id: string;
  readonly kind: "input" | "layer" | "param" | "output";
  readonly name: string;
  readonly shape: string;
  /** Further lines: operation and options, size formula, parameters and field. */
  readonly lines: readonly string[];
  /** The kernel whose frame it is in. */
  readonly group: number | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Frame {
  readonly group: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly frames: readonly Frame[];
  readonly edges: readonly Edge[];
}

const width = 288;
const firstLine = 34;
const nextLine = 19;
const framePad = 14;
const frameHead = 32;
const margin = 24;

type Draft = Omit<Box, "x" | "y">;

export function draw(graph: Graph, layers: readonly LayerView[], kernels: readonly KernelView[]): Drawing {
  const boxes = drafts(graph, layers);
  const known = new Set(boxes.map((b) => b.id));
  const links = graph.nodes.flatMap((node): readonly (readonly [string, string])[] => {
    const own =
      node.kind === "op" ? [...new Set(node.inputs)].map((i): [string, string] => [idOf(i), idOf(node)]) : [];
    return own.filter(([from]) => known.has(from));
  });
  const ends = graph.outputs.map((o): readonly [string, string] => [idOf(o.node), `output ${o.name}`]);
  const used = kernels.flatMap((k, i) => (k.phase === "run" && boxes.some((b) => b.group === i) ? [i] : []));
  return placed(boxes, [...links, ...ends], used);
}

const idOf = (node: Node): string => `${node.kind} ${node.origin.name}`;

function drafts(graph: Graph, layers: readonly LayerView[]): readonly Draft[] {
  const rows = new Map(layers.map((row) => [row.name, row]));
  const loose = new Set(
    graph.nodes.flatMap((n) =>
      n.kind === "op" ? n.inputs.filter((i) => i.kind === "param" && i.own === undefined) : [],
    ),
  );
  const simple = (kind: Box["kind"], id: string, name: string, shape: Shape): Draft => ({
    ...sized([]),
    id,
    kind,
    name,
    shape: showShape(shape),
    group: null,
  });
  const own = graph.nodes.flatMap((node): readonly Draft[] => {
    const { name } = node.origin;
    if (node.kind === "input") return [simple("input", idOf(node), name, node.type.shape)];
    if (node.kind === "param")
      return loose.has(node) ? [simple("param", idOf(node), name, node.type.shape)] : [];
    const row = node.kind === "op" ? rows.get(name) : undefined;
    if (!row) return [];
    const lines = linesOf(row);
    return [
      {
        ...sized(lines),
        id: idOf(node),
        kind: "layer",
        name,
        shape: showShape(row.output),
        group: row.group,
      },
    ];
  });
  return [
    ...own,
    ...graph.outputs.map((o) => simple("output", `output ${o.name}`, o.name, o.node.type.shape)),
  ];
}

function sized(lines: readonly string[]): Pick<Draft, "lines" | "width" | "height"> {
  return { lines, width, height: firstLine + nextLine * lines.length + (lines.length > 0 ? 6 : 0) };
}

function linesOf({ op, options, formula, params, receptiveField: field }: LayerView): readonly string[] {
  const what = options === "" ? op : `${op} · ${options}`;
  const sees = fieldSize(field);
  const facts = [
    params > 0 ? `${params.toLocaleString("en")} ${plural(params, "parameter")}` : "",
    sees === "" ? "" : `sees ${sees}`,
  ];
  return [what, formula, facts.filter((f) => f !== "").join(" · ")].filter((line) => line !== "");
}

function placed(
  boxes: readonly Draft[],
  links: readonly (readonly [string, string])[],
  groups: readonly number[],
): Drawing {
  const dagre = new Dagre({ compound: true });
  dagre.setGraph({ rankdir: "TB", ranksep: 36, nodesep: 44, marginx: margin, marginy: margin });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) dagre.setNode(`group ${group}`, {});
  for (const box of boxes) {
    dagre.setNode(box.id, { width: box.width, height: box.height });
    if (box.group !== null && groups.includes(box.group)) dagre.setParent(box.id, `group ${box.group}`);
  }
  for (const [from, to] of links) dagre.setEdge(from, to);
  layout(dagre);
  const set = boxes.map((box): Box => {
    const { x = 0, y = 0 } = dagre.node(box.id);
    return { ...box, x: x - box.width / 2, y: y - box.height / 2 };
  });
  const frames = groups.map((group): Frame => frameOf(group, set));
  const edges = links.map(([from, to]): Edge => {
    const points = dagre.edge(from, to)?.points ?? [];
    return { from, to, points: points.map((p: { x: number; y: number }) => [p.x, p.y] as const) };
  });
  const all = [...set, ...frames];
  return {
    width: Math.max(...all.map((b) => b.x + b.width)) + margin,
    height: Math.max(...all.map((b) => b.y + b.height)) + margin,
    boxes: set,
    frames,
    edges,
  };
}

/** Around its boxes, with a line of its own on top. */
function frameOf(group: number, boxes: readonly Box[]): Frame {
  const own = boxes.filter((b) => b.group === group);
  const left = Math.min(...own.map((b) => b.x)) - framePad;
  const top = Math.min(...own.map((b) => b.y)) - frameHead;
  const right = Math.max(...own.map((b) => b.x + b.width)) + framePad;
  const bottom = Math.max(...own.map((b) => b.y + b.height)) + framePad;
  return { group, x: left, y: top, width: right - left, height: bottom - top };
}
