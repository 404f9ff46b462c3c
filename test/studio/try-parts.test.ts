/** What the Try tab computes without a page: layers, colours, scores, receptive fields, pictures. */
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { isKnown, movingDims, receptiveFields } from "../../compiler/report/receptive.ts";
import { shapeAt } from "../../contract/type.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { initialise } from "../../runtime/initialise.ts";
import { sentence } from "../../studio/message.ts";
import { extent, gradient, paint, scaleOf, shown } from "../../studio/tabs/try/color.ts";
import { fieldAt, indicesOf, unrolled } from "../../studio/tabs/try/field.ts";
import { barAt } from "../../studio/tabs/try/geometry.ts";
import * as layers from "../../studio/tabs/try/layers.ts";
import { pictureInput } from "../../studio/tabs/try/picture.ts";
import { ranked } from "../../studio/tabs/try/scores.ts";
import { initialWeights, misfit, openWeights, originOf, remember } from "../../studio/tabs/try/weights.ts";
import { type Arrays, random, randomArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";

const lenet = async () => (await loadModel("models/lenet.ts")).graph;

function arraysFor(graph: w.Graph): Arrays {
  const next = random(7);
  const params = graph.nodes.filter((n) => n.kind === "param");
  return Object.fromEntries(params.map((p) => [p.origin.name, randomArray(p.type.shape.map(Number), next)]));
}

describe("layers", () => {
  test("are all that depend on the input, with a view of their shape", async () => {
    const list = layers.layersOf(await lenet());
    expect(list.map((l) => `${l.name} ${l.view.kind} ${l.view.count}`)).toEqual([
      "conv1 maps 6",
      "pool1/sigmoid maps 6",
      "pool1 maps 6",
      "conv2 maps 16",
      "pool2/sigmoid maps 16",
      "pool2 maps 16",
      "features bars 400",
      "fc1 bars 120",
      "fc2/sigmoid bars 120",
      "fc2 bars 84",
      "logits/sigmoid bars 84",
      "logits bars 10",
    ]);
    expect(list[3]).toMatchObject({ op: "conv2d", size: 1600, view: { height: 10, width: 10 } });
    expect(layers.openAtFirst(list).size).toBe(12);
    expect(layers.parameterCount(await lenet())).toBe(61_706);
  });

  test("of every rank have a view", () => {
    expect(layers.viewOf(["N"])).toEqual({ kind: "bars", count: 1 });
    expect(layers.viewOf(["N", 12, 1, 1])).toEqual({ kind: "bars", count: 12 });
    expect(layers.viewOf([6, 8])).toEqual({ kind: "maps", count: 1, height: 6, width: 8 });
    expect(layers.viewOf(["N", 3, 4, 5, 6])).toEqual({ kind: "maps", count: 12, height: 5, width: 6 });
  });

  test("that do not depend on the input, or do nothing, are handled", () => {
    const x = w.input("x", [w.N, 1, 4, 4]);
    const gate = w.sigmoid(w.param("gate", [4, 4], w.ones())); // of parameters alone
    const kept = w.dropout(w.relu(w.mul(x, gate)));
    const { graph } = w.model("m", { x }, { y: w.add(kept, 1) });
    const list = layers.layersOf(graph);
    expect(list.map((l) => [l.op, layers.outputName(l)])).toEqual([
      ["mul", "mul1"],
      ["relu", "relu1"],
      ["dropout", "relu1"],
      ["add", "add1"],
    ]);
    const { program } = compile(layers.watching(graph, list));
    expect(program.outputs.map((o) => o.name)).toEqual(["mul1", "relu1", "add1"]);
    expect(graph.outputs.map(layers.resultName)).toEqual(["add1"]);
  });

  test("of a large model are closed but for the first and the last", async () => {
    const { graph } = await loadModel("models/resnet18.ts");
    const list = layers.layersOf(graph);
    expect(list.length).toBeGreaterThan(50);
    expect([...layers.openAtFirst(list)]).toEqual([list[0]?.name, list.at(-1)?.name]);
  });
});

describe("receptive fields", () => {
  /** Which pixels of the input change an element, by trying: all pixels outside its box, and corners of it. */
  function tryOut(graph: w.Graph, params: Arrays, name: string, index: number): void {
    const next = random(3);
    const layer = layers.layersOf(graph).find((l) => l.name === name);
    const input = graph.inputs[0];
    const field = layer && receptiveFields(graph).get(layer.node);
    if (!layer || !isKnown(field) || !input) throw new Error(name);
    const shape = shapeAt(input.node.type.shape, 1);
    const [height = 0, width = 0] = shape.slice(-2);
    const moving = movingDims(graph).get(layer.node) ?? [];
    const box = fieldAt(field, moving, indicesOf(layer.shape, index), [height, width]);
    if (!box) throw new Error(`${name} sees nothing`);
    const watched = layers.watching(graph, [layer]);
    const valueWith = (data: Float64Array): number =>
      evaluate(watched, { [input.name]: { shape, data } }, params)[name]?.data[index] ?? Number.NaN;
    const image = randomArray(shape, next, 0, 1);
    const before = valueWith(image.data);
    const outside = image.data.map((v, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return y >= box.top && y <= box.bottom && x >= box.left && x <= box.right ? v : next();
    });
    expect(valueWith(outside), `${name} ${index}`).toBe(before);
    for (const [y, x] of [
      [box.top, box.left],
      [box.bottom, box.right],
    ] as const)
      expect(valueWith(image.data.with(y * width + x, 5)), `${name} ${index}: ${y} ${x}`).not.toBe(before);
  }

  test("of LeNet's layers are what the values depend on", async () => {
    const graph = await lenet();
    const params = arraysFor(graph);
    tryOut(graph, params, "conv1", (2 * 28 + 0) * 28 + 27);
    tryOut(graph, params, "pool1", (5 * 14 + 7) * 14 + 3);
    tryOut(graph, params, "conv2", (1 * 10 + 9) * 10 + 0);
    tryOut(graph, params, "pool2", (4 * 5 + 2) * 5 + 2);
    tryOut(graph, params, "fc1", 7);
  });

  test("follow axes that are swapped or moved", () => {
    const x = w.input("x", [6, 9]);
    const turned = w.mul(w.transpose(x), 2); // [9, 6]
    const deep = w.mul(w.reshape(turned, [9, 1, 6]), 3);
    const { graph } = w.model("m", { x }, { deep });
    tryOut(graph, {}, "mul1", 4 * 6 + 1);
    tryOut(graph, {}, "mul2", 7 * 6 + 5);
    expect(indicesOf(["N", 3, 4, 5], 2 * 20 + 3 * 5 + 1)).toEqual([0, 2, 3, 1]);
  });

  test("are cut to the picture, and may be padding alone", () => {
    const field = { input: "x", size: [3, 3], stride: [2, 2], offset: [-2, -3] };
    expect(fieldAt(field, [0, 1], [0, 1], [8, 8])).toEqual({ top: 0, bottom: 0, left: 0, right: 1 });
    expect(fieldAt(field, [0, 1], [1, 0], [8, 8])).toBeUndefined();
    const line = { input: "x", size: [5], stride: [0], offset: [9] };
    const run = fieldAt(line, [-1], [0, 3], [1, 64]);
    expect(run).toEqual({ top: 0, bottom: 0, left: 9, right: 13 });
    expect(run && unrolled(run, 8)).toEqual({ top: 1, bottom: 1, left: 1, right: 5 });
    expect(unrolled({ top: 0, bottom: 0, left: 6, right: 17 }, 8)).toEqual({
      top: 0,
      bottom: 2,
      left: 0,
      right: 7,
    });
  });
});

describe("colours", () => {
  test("run over what there is; both signs get a scale around 0", () => {
    expect(scaleOf([0.25, 3, Number.NaN, 1])).toEqual({ low: 0.25, high: 3, diverging: false });
    expect(scaleOf([-2, 3, Infinity])).toEqual({ low: -3, high: 3, diverging: true });
    expect(scaleOf([9, -5, -1, 9], 1, 3)).toEqual({ low: -5, high: -1, diverging: false });
    expect(extent([Number.NaN])).toEqual({ low: 0, high: 1, diverging: false });
  });

  test("rise from dark to bright, 0 recedes, and what is no number is magenta", () => {
    const colorsOf = (values: readonly number[], dark = false): number[][] => {
      const pixels = new Uint8ClampedArray(4 * values.length);
      paint([9, ...values], 1, scaleOf(values), dark, pixels);
      return values.map((_, i) => [...pixels.subarray(4 * i, 4 * i + 4)]);
    };
    const sums = colorsOf([0, 1, 2, 3]).map(([r = 0, g = 0, b = 0]) => r + g + b);
    expect(sums).toEqual(sums.toSorted((a, b) => a - b));
    expect(colorsOf([5, 5])[0]).toEqual([13, 16, 48, 255]); // all equal: no division by 0
    const [below, zero, above, broken] = colorsOf([-2, 0, 2, Number.NaN]);
    expect(below?.[2]).toBeGreaterThan(below?.[0] ?? 0);
    expect(above?.[0]).toBeGreaterThan(above?.[2] ?? 0);
    expect(Math.min(...(zero ?? []))).toBeGreaterThan(235);
    expect(broken).toEqual([255, 0, 255, 255]);
    expect(Math.max(...(colorsOf([-1, 0, 1], true)[1]?.slice(0, 3) ?? []))).toBeLessThan(40);
    expect(gradient({ low: -1, high: 1, diverging: true }, false)).toMatch(
      /^linear-gradient\(to right, rgb\(20 /,
    );
  });

  test("have their numbers in short", () => {
    const numbers = [0.421349, -12, 1.5e-7, 123456.7, 4e9, Number.NaN, -Infinity, 0];
    expect(numbers.map(shown)).toEqual(["0.4213", "−12", "1.5e−7", "123500", "4e+9", "NaN", "−∞", "0"]);
  });

  test("fill a strip with bars, which have gaps where there is room", () => {
    expect(barAt(3, 10, 300)).toEqual({ x: 90, width: 25.2 });
    expect(barAt(100, 400, 800)).toEqual({ x: 200, width: 2 });
  });
});

test("scores are ranked", () => {
  expect(ranked([0.2, 0.5, 0.2], ["a", "b"])).toEqual([
    { index: 1, name: "b", share: 0.5 },
    { index: 0, name: "a", share: 0.2 },
    { index: 2, name: "", share: 0.2 },
  ]);
});

describe("pictures", () => {
  test("go into models that take one and nothing else", () => {
    const of = (...inputs: readonly w.Tensor[]): unknown => {
      const named = Object.fromEntries(inputs.map((t, i) => [`x${i}`, t]));
      const y = inputs.map((t) => w.sum(t)).reduce((a, b) => w.add(a, b));
      return pictureInput(w.model("m", named, { y }).graph);
    };
    expect(of(w.input("x0", [w.N, 3, 8, 6]))).toEqual({
      name: "x0",
      frame: { height: 8, width: 6, channels: 3 },
    });
    expect(of(w.input("x0", [5, 7]))).toMatchObject({ frame: { height: 5, width: 7, channels: 1 } });
    expect(of(w.input("x0", [w.N, 784]))).toMatchObject({ frame: { height: 28, width: 28, channels: 1 } });
    expect(of(w.input("x0", [w.N, 2, 8, 8]))).toBeUndefined();
    expect(of(w.input("x0", [4, 4]), w.input("x1", [4, 4]))).toBeUndefined();
  });
});

describe("weights", () => {
  test("are known by where they come from", () => {
    expect(originOf({})).toBeUndefined();
    const trained = remember({}, { kind: "trained", name: "3 epochs", metadata: {} });
    expect(originOf(trained)).toMatchObject({ kind: "trained" });
    const bytes = writeSafetensors({ b: { shape: [1], data: Float32Array.of(2) } }, { classes: "[]" });
    for (const kind of ["opened", "served"] as const) {
      const opened = openWeights(bytes.buffer, "x.safetensors", kind);
      expect(opened["b"]?.data[0]).toBe(2);
      expect(originOf(opened)).toEqual({ kind, name: "x.safetensors", metadata: { classes: "[]" } });
    }
  });

  test("that do not fit say why; initial ones are the runtime's, and drawn once", async () => {
    const { params } = compile(await lenet()).program;
    const drawn = new Map();
    const parts: number[] = [];
    const progress = async (part: number): Promise<void> => void parts.push(part);
    const weights = await initialWeights(params, drawn, progress);
    expect(parts.at(-1)).toBe(1);
    expect(misfit(params, weights)).toBeUndefined();
    const [first] = params;
    if (!first) throw new Error("no parameters");
    expect(weights[first.name]?.data).toEqual(initialise(first, 0));
    const again = await initialWeights(params, drawn, progress);
    expect(again[first.name]?.data).toBe(weights[first.name]?.data);
    expect(misfit(params, { ...weights, more: { shape: [], data: Float32Array.of(1) } })).toBe(
      'not in the model: "more"',
    );
  });
});

test("messages begin with a capital, names stay as they are", () => {
  expect(sentence("this browser has no WebGPU")).toBe("This browser has no WebGPU");
  for (const named of ["t10k-labels is missing", "conv1's activations", "lenet: no", "Ready"])
    expect(sentence(named)).toBe(named);
});
