/** What Resize's attributes say, on the way in and out: ONNX's word, then Weft's. */
export const COORDINATES = {
  half_pixel: "halfPixel",
  pytorch_half_pixel: "pytorchHalfPixel",
  align_corners: "alignCorners",
  asymmetric: "asymmetric",
  tf_half_pixel_for_nn: "tfHalfPixelForNn",
  half_pixel_symmetric: "halfPixelSymmetric",
} as const;
export const NEAREST = {
  round_prefer_floor: "roundPreferFloor",
  round_prefer_ceil: "roundPreferCeil",
  floor: "floor",
  ceil: "ceil",
} as const;
/** The activations of recurrent layers: ONNX's word, Weft's, and how many of alpha and beta they have. */
export const ACTIVATIONS = {
  Sigmoid: { kind: "sigmoid", numbers: 0 },
  Tanh: { kind: "tanh", numbers: 0 },
  Relu: { kind: "relu", numbers: 0 },
  Softsign: { kind: "softsign", numbers: 0 },
  Softplus: { kind: "softplus", numbers: 0 },
  Affine: { kind: "affine", numbers: 2 },
  LeakyRelu: { kind: "leakyRelu", numbers: 1 },
  ThresholdedRelu: { kind: "thresholdedRelu", numbers: 1 },
  ScaledTanh: { kind: "scaledTanh", numbers: 2 },
  HardSigmoid: { kind: "hardSigmoid", numbers: 2 },
  Elu: { kind: "elu", numbers: 1 },
} as const;
/** Where ONNX has the gates that PyTorch, and Weft, has at each place. */
export const GATES = { LSTM: [0, 2, 3, 1], GRU: [1, 0, 2], RNN: [0] } as const;
/** The same of an LSTM's numbers for cells. */
export const PEEPHOLES = [0, 2, 1] as const;
export const DIRECTIONS = { forward: "forward", reverse: "reverse", bidirectional: "both" } as const;
