/** Mutations of what sizes besides N need: loops and masks by their values, addresses by their bounds. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const runs = guard("sizes/sizes");
const training = guard("sizes/training");
const messages = guard("sizes/messages");
const portable = guard("sizes/sizes", "portable");

export const sizes: readonly Mutation[] = [
  ...inFile("compiler/lower/evaluate.ts", [
    {
      name: "sizes: no mask by a size",
      find: "return isKnown(extent) && high < extent ? above : [...above, less(at, sizeValue(extent))];",
      put: 'return typeof extent === "object" || (isKnown(extent) && high < extent) ? above : [...above, less(at, sizeValue(extent))];',
      guards: [guard("sizes/sizes", "neighbours"), training],
      why: "what lies beyond T is read in place of nothing",
    },
    {
      name: "sizes: a mask by the bound",
      find: "[...above, less(at, sizeValue(extent))];",
      put: '[...above, less(at, sizeValue(typeof extent === "object" ? extent.max : extent))];',
      guards: [guard("sizes/sizes", "neighbours"), training],
      why: "what lies beyond T is read in place of nothing",
    },
    {
      name: "sizes: a number from outside may be up to the bound",
      find: 'binary("-", sizeValue(extent), int(1)));',
      put: 'binary("-", sizeValue(typeof extent === "object" ? extent.max : extent), int(1)));',
      guards: [guard("sizes/sizes", "neighbours")],
      why: "gather gives what lies beyond T",
    },
  ]),
  ...inFile("compiler/lower/sums.ts", [
    {
      name: "sizes: sums are loops up to the bound",
      find: "end: sizeValue(axis.extent), turns",
      put: 'end: sizeValue(typeof axis.extent === "object" ? axis.extent.max : axis.extent), turns',
      guards: [portable, training],
      why: "sums take what lies beyond T",
    },
  ]),
  ...inFile("compiler/lower/builder.ts", [
    {
      name: "sizes: loops over an axis go up to the bound",
      find: "{ end: sizeValue(axis.extent) }",
      put: '{ end: sizeValue(typeof axis.extent === "object" ? axis.extent.max : axis.extent) }',
      guards: [runs, training],
      why: "sums take what lies beyond T",
    },
  ]),
  ...inFile("compiler/lower/threads.ts", [
    {
      name: "sizes: the steps of a team are as many as the bound has",
      find: ".map((a) => sizeValue(a.extent));",
      put: '.map((a) => sizeValue(typeof a.extent === "object" ? a.extent.max : a.extent));',
      guards: [runs, training],
      why: "sums that threads share take what lies beyond T",
    },
    {
      name: "sizes: steps are taken apart by bounds",
      find: 'const count = past === "never" ? sizeValue(axis.extent) : int(threadsOf(tiled));',
      put: "const count = isBatch(axis.extent) ? sizeValue(axis.extent) : int(threadsOf(tiled));",
      guards: [runs, training],
      why: "sums over two sizes take other elements",
    },
    {
      name: "sizes: threads are as many as T is at least",
      find: "Math.ceil(boundOf(axis.extent) / tile);",
      put: 'Math.ceil((typeof axis.extent === "object" ? 1 : boundOf(axis.extent)) / tile);',
      guards: [portable],
      why: "elements of the result are left out",
    },
  ]),
  ...inFile("compiler/math/build.ts", [
    {
      name: "sizes: a mean is by the bound",
      find: "return isKnown(of)\n    ? literal(of)",
      put: 'return of !== "N"\n    ? literal(boundOf(of))',
      guards: [portable, training],
      why: "means over T are too small",
    },
  ]),
  ...inFile("compiler/math/affine.ts", [
    {
      name: "sizes: addresses go by something else than the bound",
      find: 'scale(address, boundOf(must(shape[i], "dimension")))',
      put: 'scale(address, boundOf(must(shape[i], "dimension")) - Number(typeof shape[i] === "object"))',
      guards: [portable],
      why: "rows overlap",
    },
    {
      name: "sizes: what is below the bound is inside",
      find: "if (isKnown(extent)) return high < extent;",
      put: 'if (extent !== "N") return high < boundOf(extent);',
      guards: [guard("sizes/sizes", "a place")],
      why: "a place that T has not is read beyond it",
    },
  ]),
  ...inFile("contract/sizes.ts", [
    {
      name: "sizes: told in another order",
      find: "...sizes.map(({ name }) => values[name] as number)]",
      put: "...sizes.toReversed().map(({ name }) => values[name] as number)]",
      guards: [guard("sizes/sizes", "table")],
      why: "T and S are taken for each other",
    },
    {
      name: "sizes: rows are spread by what T is",
      find: "(target + i) * (to[axis + 1] as number));",
      put: "(target + i) * (from[axis + 1] as number));",
      guards: [portable, training],
      why: "kernels read other elements",
    },
  ]),
  ...inFile("runtime/trainBatch.ts", [
    {
      name: "sizes: training is not told",
      find: ", 0, 0, 0, 0, ...sizes]",
      put: ", 0, 0, 0, 0]",
      guards: [training],
      why: "every T is 0",
    },
  ]),
  ...inFile("runtime/sizedTrain.ts", [
    {
      name: "sizes: training is told the bounds",
      find: "({ name }) => sizes[name] as number",
      put: "({ name }) => bounds[name] as number",
      guards: [training],
      why: "gradients depend on padding",
    },
    {
      name: "sizes: losses are means over the bound",
      find: "i.shape.map((d) => sizes[d] ?? d)",
      put: "i.shape.map((d) => bounds[d] ?? d)",
      guards: [messages, training],
      why: "data sets do not fit, or losses are too small",
    },
    {
      name: "sizes: an array is what it was in another set",
      find: "if (before?.of === `${shape}`) return before.room;",
      put: "if (before) return before.room;",
      guards: [messages],
      why: "the same numbers in another shape are taken in the first one",
    },
  ]),
  ...inFile("runtime/sizes.ts", [
    {
      name: "sizes: any T is taken",
      find: 'Number(n) <= (d === "N" ? Infinity : (bounds[d] ?? Number(d)))',
      put: 'Number(n) <= (typeof d === "string" ? Infinity : Number(d))',
      guards: [messages],
      why: "a T beyond the bound is computed with what lies elsewhere",
    },
    {
      name: "sizes: inputs need not agree",
      find: "if (sizes[d] !== n) fail(",
      put: "if (n < 0) fail(",
      guards: [messages],
      why: "T is the first input's, whatever the others are",
    },
  ]),
  ...inFile("compiler/passes/split.ts", [
    {
      name: "sizes: partial sums are as many as a number says",
      find: 'const parts = must(whole.axes[which], "axis").extent;',
      put: 'const parts = boundOf(must(whole.axes[which], "axis").extent);',
      guards: [training],
      why: "gradients take partial sums from beyond T",
    },
  ]),
];
