/** Mutations of what moves places: parts of tensors, rows by whole numbers, sizes that a run decides. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const layout = guard("ops/layout");
const axes = guard("ops/axes");
const gather = guard("ops/gather");
const names = guard("frontend/names");
const sizes = guard("sizes/sizes");
const refusedSizes = guard("sizes/messages");

const parts: readonly Mutation[] = [
  ...inFile("compiler/ops/axes.ts", [
    {
      name: "axes: counted from the front alone",
      find: "const d = axisOf(op, axis, shape.length);",
      put: "const d = Math.abs(axis);",
      guards: [layout, axes],
      why: "axis −1 is another one than the last",
    },
    {
      name: "tile: each time one further",
      find: "mod(axisIndex(a), size)",
      put: "mod(add(axisIndex(a), 1), size)",
      guards: [axes],
      why: "elements stand elsewhere",
    },
    {
      name: "roll: the other way",
      find: "const by = ((shift % size) + size) % size;",
      put: "const by = ((-shift % size) + size) % size;",
      guards: [axes],
      why: "elements move towards the front",
    },
  ]),
  ...inFile("compiler/ops/blocks.ts", [
    {
      name: "blocks: rows and columns of a block swapped",
      find: "const place = add(scale(row, block), column);",
      put: "const place = add(scale(column, block), row);",
      guards: [axes],
      why: "each block of pixels is transposed",
    },
  ]),
  ...inFile("compiler/ops/pad.ts", [
    {
      name: "pad: left as much as top",
      find: "before: padding[2 * i] ?? 0,",
      put: "before: padding[0] ?? 0,",
      guards: [layout],
      why: "padded pictures are shifted",
    },
    {
      name: "pad: the edge is mirrored, too",
      find: "[scale(at, -1), add(scale(at, -1), 2 * (size - 1))]",
      put: "[add(scale(at, -1), -1), add(scale(at, -1), 2 * size - 1)]",
      guards: [axes],
      why: "the outermost element stands twice",
    },
  ]),
  ...inFile("compiler/ops/slice.ts", [
    {
      name: "slice: from the beginning",
      find: "add(scale(axisIndex(a), attrs.step), start)",
      put: "scale(axisIndex(a), attrs.step)",
      guards: [layout],
      why: "every part of a tensor is its first one",
    },
    {
      name: "slice: every position",
      find: "add(scale(axisIndex(a), attrs.step), start)",
      put: "add(axisIndex(a), start)",
      guards: [axes],
      why: "a step counts for the size alone",
    },
    {
      name: "slice: beyond the end",
      find: "first < last && last <= size",
      put: "first < last",
      guards: [layout],
      why: "a bug in Weft is reported where a model has one",
    },
    {
      name: "slice: of nothing",
      find: "first < last && last <= size",
      put: "first <= last && last <= size",
      guards: [layout],
      why: "a tensor without elements",
    },
    {
      name: "slice: the last part of a step is left out",
      find: "count: Math.ceil((last - first) / step)",
      put: "count: Math.floor((last - first) / step)",
      guards: [axes],
      why: "the last position is lost where the step does not divide",
    },
    {
      name: "split: sizes may leave some out",
      find: "if (sum !== size)",
      put: "if (sum > size)",
      guards: [layout],
      why: "what is left of a tensor is gone without a word",
    },
    {
      name: "split: a part begins where parts of its size would",
      find: "const start = list.slice(0, i).reduce((a, b) => a + b, 0);",
      put: "const start = i * own;",
      guards: [layout],
      why: "parts of uneven sizes overlap",
    },
    {
      name: "split: a number of parts that divides nothing",
      find: "if (parts !== undefined && size % parts !== 0)",
      put: "if (parts !== undefined && size < parts)",
      guards: [layout],
      why: "sizes are fractions",
    },
    {
      name: "split: sizes and parts at once",
      find: "if ((sizes === undefined) === (parts === undefined))",
      put: "if (sizes === undefined && parts === undefined)",
      guards: [layout],
      why: "one of two options is passed over",
    },
  ]),
  ...inFile("compiler/frontend/names.ts", [
    {
      name: "names: all parts have the first one's variable",
      find: "site.holders?.[part] ||",
      put: "site.holders?.[0] ||",
      guards: [names],
      why: "the second of two tensors is called after the first",
    },
    {
      name: "names: parts are rounds of a loop",
      find: 'const chain = [...layer.sites.map((s) => s.key), layer.part].join(" ");',
      put: 'const chain = layer.sites.map((s) => s.key).join(" ");',
      guards: [names],
      why: "parts of one call stand in blocks of their own",
    },
  ]),
];

const rows: readonly Mutation[] = [
  ...inFile("compiler/ops/gather.ts", [
    {
      name: "gather: examples are read by the first one's indices",
      find: "apart(data.type.shape, indices.type.shape) ? at.slice(0, 1) : [];",
      put: "apart(data.type.shape, indices.type.shape) ? at.slice(1, 2) : [];",
      guards: [gather],
      why: "an example sees what another one asked for",
    },
    {
      name: "gather: the indices' batch is a size of the result once more",
      find: "const own = indices.shape.slice(Number(apart(data.shape, indices.shape)));",
      put: "const own = indices.shape;",
      guards: [gather],
      why: "shapes with N inside",
    },
    {
      name: "gather: along the first axis, the batch's too",
      find: "axis === null ? Number(isBatch(shape[0])) :",
      put: "axis === null ? 0 :",
      guards: [gather],
      why: "channels cannot be gathered without an axis",
    },
    {
      name: "gather: axes behind stay where they were",
      find: "const end = axis + indices.type.shape.length - shared.length;",
      put: "const end = axis + 1;",
      guards: [gather],
      why: "elements of other rows",
    },
    {
      name: "gather: N anywhere",
      find: "if (shape.slice(1).some((d) => isBatch(d)))",
      put: "if (shape.slice(2).some((d) => isBatch(d)))",
      guards: [gather],
      why: "a bug in Weft is reported where a model has one",
    },
    {
      name: "embedding: indices of f32",
      find: 'if (dtype === "f32")',
      put: 'if (dtype === "u32")',
      guards: [gather],
      why: "u32 is refused, and f32 is taken for whole numbers",
    },
    {
      name: "embedding: the table starts as for one row more",
      find: "init: resolveInit(init, count, size)",
      put: "init: resolveInit(init, size, size)",
      guards: [gather],
      why: "tables start with numbers of another size",
    },
    {
      name: "gather: more positions than f32 tells apart",
      find: "if (isKnown(count) && count > MOST)",
      put: "if (isKnown(count) && count > MOST * 2)",
      guards: [gather],
      why: "rows next to those that were named",
    },
  ]),
  ...inFile("compiler/dsl/build.ts", [
    {
      name: "types: whole numbers in sums",
      find: "if (i === where || type.dtype === dtype) return;",
      put: 'if (i === where || type.dtype === dtype || dtype === "f32") return;',
      guards: [gather],
      why: "kernels that no device takes",
    },
  ]),
  ...inFile("compiler/passes/partition.ts", [
    {
      name: "fusion: numbers that are joined say where is read",
      find: 'if (inner.value.kind !== "load" && looksUp(outer.value, operand))',
      put: "if (outer.nodes.length === 0)",
      guards: [gather],
      why: "kernels read what nobody stores",
    },
  ]),
  ...inFile("compiler/lower/lookups.ts", [
    {
      name: "lookups: tensors in any order",
      find: "a.tensor - b.tensor || a.place - b.place",
      put: "0",
      guards: [gather],
      why: "a graph that is compiled again gives another text",
    },
    {
      name: "lookups: places in any order",
      find: "a.tensor - b.tensor || a.place - b.place",
      put: "a.tensor - b.tensor",
      guards: [gather],
      why: "a graph that is compiled again gives another text",
    },
  ]),
];

const open: readonly Mutation[] = [
  ...inFile("contract/sizes.ts", [
    {
      name: "sizes: rows lie as far apart as they are long",
      find: "(source + i) * (from[axis + 1] as number)",
      put: "(source + i) * (shape[axis + 1] as number)",
      guards: [sizes],
      why: "outputs are read from the wrong places",
    },
    {
      name: "sizes: what is written lies as far apart as what is read",
      find: "(target + i) * (to[axis + 1] as number)",
      put: "(target + i) * (from[axis + 1] as number)",
      guards: [sizes],
      why: "inputs are spread over the wrong places",
    },
    {
      name: "sizes: kernels are told the bounds",
      find: "...sizes.map(({ name }) => values[name] as number)] : [];",
      put: '...sizes.map(({ max }) => max + 0 * (values[""] ?? 0))] : [];',
      guards: [sizes],
      why: "means count what is padding",
    },
  ]),
  ...inFile("runtime/sized.ts", [
    {
      name: "sized: an output is all the room that it has",
      find: "const own = shapeWith(shape, room[0] as number, sizes);",
      put: "const own = room.concat([]).concat(shapeWith([], 1, sizes)).slice(0, shape.length);",
      guards: [sizes],
      why: "outputs end in numbers that mean nothing",
    },
  ]),
  ...inFile("compiler/dsl/dim.ts", [
    {
      name: "dim: a size may be called N",
      find: ' || name === "N")',
      put: ")",
      guards: [refusedSizes],
      why: "two sizes of one name",
    },
  ]),
];

export const places: readonly Mutation[] = [...parts, ...rows, ...open];
