/** The models behind the sections: the graph that the page compiles, and the model file that says the same. */
import {
  avgPool2d,
  conv2d,
  corr2d,
  flatten,
  type Graph,
  input,
  linear,
  matmul,
  maxPool2d,
  model,
  N,
  ones,
  param,
  reshape,
  sequential,
  sigmoid,
  transpose,
  uniform,
} from "../../../compiler/index.ts";

export interface Recipe {
  /** Throws `UserError` where the sizes do not fit. */
  readonly graph: () => Graph;
  /** The model file. */
  readonly source: string;
}

const file = (imports: string, ...lines: readonly string[]): string =>
  `import { ${imports} } from "weftgpu";\n\n${lines.join("\n")}\n`;

/** `3`, or `[2, 3]` where height and width differ. */
const both = ([a, b]: readonly [number, number]): string => (a === b ? `${a}` : `[${a}, ${b}]`);

/** `{ kernel: 3, padding: 1 }`, without what is left out. */
const options = (entries: Readonly<Record<string, string | undefined>>): string =>
  `{ ${Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} }`;

/** picture [n, n], kernel [k, k] → result */
export const correlation = (n: number, k: number): Recipe => ({
  graph() {
    const picture = input("picture", [n, n]);
    const kernel = input("kernel", [k, k]);
    return model("corr2d", { picture, kernel }, { result: corr2d(picture, kernel) }).graph;
  },
  source: file(
    "corr2d, input, model",
    `const picture = input("picture", [${n}, ${n}]);`,
    `const kernel = input("kernel", [${k}, ${k}]);`,
    "",
    "const result = corr2d(picture, kernel);",
    "",
    'export default model("corr2d", { picture, kernel }, { result });',
  ),
});

/** picture [6, 8], kernel [h, w] → edges, turned (of the transposed picture) */
export const edges = (h: number, w: number): Recipe => ({
  graph() {
    const picture = input("picture", [6, 8]);
    const kernel = input("kernel", [h, w]);
    const turned = corr2d(transpose(picture), kernel);
    return model("edges", { picture, kernel }, { edges: corr2d(picture, kernel), turned }).graph;
  },
  source: file(
    "corr2d, input, model, transpose",
    'const picture = input("picture", [6, 8]);',
    `const kernel = input("kernel", [${h}, ${w}]); // ${w > h ? "[[1, -1]]" : "[[1], [-1]]"}`,
    "",
    "const edges = corr2d(picture, kernel);",
    "const turned = corr2d(transpose(picture), kernel);",
    "",
    'export default model("edges", { picture, kernel }, { edges, turned });',
  ),
});

/** One convolution of two weights, which start between ±1/√2. picture [N, 1, 6, 8] → edges [N, 1, 6, 7] */
export const learned: Recipe = {
  graph() {
    const picture = input("picture", [N, 1, 6, 8]);
    const init = uniform(-Math.SQRT1_2, Math.SQRT1_2);
    const edges = conv2d(picture, { out: 1, kernel: [1, 2], bias: false, init });
    return model("learned-kernel", { picture }, { edges }).graph;
  },
  source: file(
    "conv2d, input, model, N, uniform",
    'const picture = input("picture", [N, 1, 6, 8]);',
    "",
    "const edges = conv2d(picture, {",
    "  out: 1,",
    "  kernel: [1, 2],",
    "  bias: false,",
    "  init: uniform(-Math.SQRT1_2, Math.SQRT1_2),",
    "});",
    "",
    'export default model("learned-kernel", { picture }, { edges });',
  ),
};

export interface Window {
  readonly size: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: number;
}

const unless = (text: string, left: string): string | undefined => (text === left ? undefined : text);

/** A convolution whose weights are all one. picture [N, 1, n, n] → result */
export const convolution = ({ size, kernel, stride, padding, dilation }: Window): Recipe => ({
  graph() {
    const picture = input("picture", [N, 1, size, size]);
    const result = conv2d(picture, { out: 1, kernel, padding, stride, dilation, bias: false, init: ones() });
    return model("padding-stride", { picture }, { result }).graph;
  },
  source: file(
    "conv2d, input, model, N, ones",
    `const picture = input("picture", [N, 1, ${size}, ${size}]);`,
    "",
    `const result = conv2d(picture, ${options({
      out: "1",
      kernel: both(kernel),
      padding: unless(both(padding), "0"),
      stride: unless(both(stride), "1"),
      dilation: unless(`${dilation}`, "1"),
      bias: "false",
      init: "ones()",
    })});`,
    "",
    'export default model("padding-stride", { picture }, { result });',
  ),
});

/** Two channels in, three out: the weights are given. `parts` holds each input channel's share. */
export const channels: Recipe = {
  graph() {
    const picture = input("picture", [N, 2, 3, 3]);
    const result = conv2d(picture, { out: 3, kernel: 2, bias: false });
    const parts = conv2d(picture, { out: 6, kernel: 2, groups: 2, bias: false });
    return model("channels", { picture }, { result, parts }).graph;
  },
  source: file(
    "conv2d, input, model, N",
    'const picture = input("picture", [N, 2, 3, 3]);',
    "",
    "const result = conv2d(picture, { out: 3, kernel: 2, bias: false }); // weight: [3, 2, 2, 2]",
    "// What each input channel adds: two groups that are not summed up.",
    "const parts = conv2d(picture, { out: 6, kernel: 2, groups: 2, bias: false });",
    "",
    'export default model("channels", { picture }, { result, parts });',
  ),
};

/** Three channels in, two out, once as a 1×1 convolution and once as a matrix product. */
export const oneByOne: Recipe = {
  graph() {
    const picture = input("picture", [N, 3, 3, 3]);
    const weight = param("weight", [2, 3]);
    const mixed = conv2d(picture, { out: 2, kernel: 1, bias: false });
    const product = matmul(weight, reshape(picture, [N, 3, 9]));
    return model("one-by-one", { picture }, { mixed, product }).graph;
  },
  source: file(
    "conv2d, input, matmul, model, N, param, reshape",
    'const picture = input("picture", [N, 3, 3, 3]);',
    "",
    "const mixed = conv2d(picture, { out: 2, kernel: 1, bias: false }); // [N, 2, 3, 3]",
    "",
    'const weight = param("weight", [2, 3]);',
    "const product = matmul(weight, reshape(picture, [N, 3, 9])); // [N, 2, 9]",
    "",
    'export default model("one-by-one", { picture }, { mixed, product });',
  ),
};

export type Pooling = "max" | "average";

/** picture [N, 1, n, n] → result */
export const pooling = (kind: Pooling, { size, kernel, stride, padding }: Window): Recipe => {
  const op = kind === "max" ? "maxPool2d" : "avgPool2d";
  return {
    graph() {
      const picture = input("picture", [N, 1, size, size]);
      const window = { kernel, stride, padding };
      const result = kind === "max" ? maxPool2d(picture, window) : avgPool2d(picture, window);
      return model("pooling", { picture }, { result }).graph;
    },
    source: file(
      `${op}, input, model, N`,
      `const picture = input("picture", [N, 1, ${size}, ${size}]);`,
      "",
      `const result = ${op}(picture, ${options({
        kernel: both(kernel),
        stride: unless(both(stride), both(kernel)),
        padding: unless(both(padding), "0"),
      })});`,
      "",
      'export default model("pooling", { picture }, { result });',
    ),
  };
};

export const lenet: Recipe = {
  graph() {
    const image = input("image", [N, 1, 28, 28]);
    const layers = sequential(
      conv2d({ out: 6, kernel: 5, padding: 2 }),
      sigmoid(),
      avgPool2d({ kernel: 2 }),
      conv2d({ out: 16, kernel: 5 }),
      sigmoid(),
      avgPool2d({ kernel: 2 }),
      flatten(),
      linear({ out: 120 }),
      sigmoid(),
      linear({ out: 84 }),
      sigmoid(),
      linear({ out: 10 }),
    );
    return model("lenet", { image }, { logits: layers(image) }).graph;
  },
  source: file(
    "avgPool2d, conv2d, flatten, input, linear, model, N, sequential, sigmoid",
    'const image = input("image", [N, 1, 28, 28]);',
    "",
    "const lenet = sequential(",
    "  conv2d({ out: 6, kernel: 5, padding: 2 }),",
    "  sigmoid(),",
    "  avgPool2d({ kernel: 2 }),",
    "  conv2d({ out: 16, kernel: 5 }),",
    "  sigmoid(),",
    "  avgPool2d({ kernel: 2 }),",
    "  flatten(),",
    "  linear({ out: 120 }),",
    "  sigmoid(),",
    "  linear({ out: 84 }),",
    "  sigmoid(),",
    "  linear({ out: 10 }),",
    ");",
    "",
    'export default model("lenet", { image }, { logits: lenet(image) });',
  ),
};
