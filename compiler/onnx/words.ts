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
