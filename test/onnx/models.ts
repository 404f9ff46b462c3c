/** Files of several layers. */
import { file, float, int, ints, node, weight } from "./file.ts";

/** Two convolutions, one with batch normalisation and one around a shortcut, and a classifier. */
export const residual = (): Uint8Array =>
  file({
    inputs: { image: ["batch", 3, 8, 8] },
    weights: [
      weight("conv1.weight", [4, 3, 3, 3]),
      ...["weight", "bias", "running_mean"].map((role, i) => weight(`bn1.${role}`, [4], i)),
      { ...weight("bn1.running_var", [4]), rawData: new Uint8Array(Float32Array.of(1, 2, 0.5, 1).buffer) },
      weight("layer1.0.conv.weight", [4, 4, 3, 3]),
      weight("layer1.0.conv.bias", [4]),
      weight("fc.weight", [5, 4]),
      weight("fc.bias", [5]),
    ],
    nodes: [
      node(
        "Conv",
        ["image", "conv1.weight"],
        ["c1"],
        ints("pads", [1, 1, 1, 1]),
        ints("kernel_shape", [3, 3]),
      ),
      node(
        "BatchNormalization",
        ["c1", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"],
        ["b1"],
        float("epsilon", 1e-5),
      ),
      node("Relu", ["b1"], ["/relu/Relu_output_0"]),
      node("MaxPool", ["/relu/Relu_output_0"], ["p1"], ints("kernel_shape", [2, 2]), ints("strides", [2, 2])),
      node("Conv", ["p1", "layer1.0.conv.weight", "layer1.0.conv.bias"], ["c2"], ints("pads", [1, 1, 1, 1])),
      node("Add", ["c2", "p1"], ["sum"]),
      node("Relu", ["sum"], ["r2"]),
      node("GlobalAveragePool", ["r2"], ["pooled"]),
      node("Flatten", ["pooled"], ["flat"], int("axis", 1)),
      node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], int("transB", 1)),
      node("Softmax", ["logits"], ["probabilities"], int("axis", 1)),
    ],
    outputs: ["probabilities"],
  });
