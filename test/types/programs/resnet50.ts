/** ResNet-50 (He et al. 2015) from blocks that are generic in their widths. */
import type { Tensor } from "../../../compiler/dsl/index.ts";
import {
  batchNorm2d,
  conv2d,
  flatten,
  globalAvgPool2d,
  input,
  linear,
  maxPool2d,
  model,
  N,
  pipe,
  relu,
  residual,
  sequential,
} from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

const conv = <O extends number, K extends number, S extends number, P extends number>(
  out: O,
  kernel: K,
  stride: S,
  padding: P,
) => sequential(conv2d({ out, kernel, stride, padding, bias: false }), batchNorm2d());
const body = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(conv(width, 1, 1, 0), relu(), conv(width, 3, stride, 1), relu(), conv(out, 1, 1, 0));
const first = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(residual(body(width, out, stride), conv(out, 1, stride, 0)), relu());
const next = <W extends number, O extends number>(width: W, out: O) =>
  sequential(residual(body(width, out, 1)), relu());

const image = input("image", [N, 3, 224, 224]);
const stem = pipe(image, conv(64, 7, 2, 3), relu(), maxPool2d({ kernel: 3, stride: 2, padding: 1 }));
const stage1 = pipe(stem, first(64, 256, 1), next(64, 256), next(64, 256));
const stage2 = pipe(stage1, first(128, 512, 2), next(128, 512), next(128, 512), next(128, 512));
const stage3 = pipe(
  stage2,
  first(256, 1024, 2),
  next(256, 1024),
  next(256, 1024),
  next(256, 1024),
  next(256, 1024),
  next(256, 1024),
);
const stage4 = pipe(stage3, first(512, 2048, 2), next(512, 2048), next(512, 2048));
const logits = pipe(stage4, globalAvgPool2d(), flatten(), linear({ in: 2048, out: 1000 }));
export default model("resnet50", { image }, { logits });

export const checks: readonly true[] = [
  same<Tensor<[N, 64, 56, 56]>>()(stem),
  same<Tensor<[N, 256, 56, 56]>>()(stage1),
  same<Tensor<[N, 512, 28, 28]>>()(stage2),
  same<Tensor<[N, 1024, 14, 14]>>()(stage3),
  same<Tensor<[N, 2048, 7, 7]>>()(stage4),
  same<Tensor<[N, 1000]>>()(logits),
];
