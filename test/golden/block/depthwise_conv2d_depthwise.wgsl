// depthwise/conv2d → depthwise/batchNorm2d → depthwise
//   depthwise/conv2d: conv2d 8 · 3×3, padding same, depthwise [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:22:37  (⌊(8 + 2·1 − 3)/1⌋ + 1 = 8)
//   depthwise/batchNorm2d: batchNorm2d [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:22:25
//   depthwise: relu6 [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:22:19
// depthwise[n, c, h, w] = min(max(((Σ_{kh<3, kw<3} (0 ≤ kh + h − 1 < 8 ∧ 0 ≤ kw + w − 1 < 8 ? pooled[n, c, kh + h − 1, kw + w − 1] : 0) · depthwise/conv2d.weight[c, 0, kh, kw]) + depthwise/conv2d.bias[c]) · depthwise/batchNorm2d.affine[0, c] + depthwise/batchNorm2d.affine[1, c], 0), 6)
// contraction: register tile 1×1×1×4, unroll 1×3, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> pooled: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> depthwise_conv2d_weight: array<f32>;
@group(0) @binding(3) var<storage, read> depthwise_conv2d_bias: array<f32>;
@group(0) @binding(4) var<storage, read> depthwise_batchNorm2d_affine: array<f32>;
@group(0) @binding(5) var<storage, read_write> depthwise: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 128) { return; }
  let rest0 = thread0 / 2;
  let w0 = thread0 % 2;
  let rest1 = rest0 / 8;
  let h0 = rest0 % 8;
  let rest2 = rest1 / 8;
  let c0 = rest1 % 8;
  let n0 = rest2;
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  let i0 = w0 * 4;
  let i1 = n0 * 128 + c0 * 16 + h0 * 2 + w0;
  let i2 = c0 * 9;
  for (var kh0 = 0; kh0 < 3; kh0++) {
    let i3 = h0 + kh0;
    let inside0 = (i3 - 1 >= 0) & (i3 - 1 < 8) & (i0 - 1 >= 0);
    let i4 = i1 + kh0 * 2;
    let x0 = pooled[i4 - 3];
    let v0 = select(0.0, x0.w, inside0);
    let i5 = i2 + kh0 * 3;
    let weight0 = depthwise_conv2d_weight[i5];
    let inside1 = (i3 - 1 >= 0) & (i3 - 1 < 8);
    let x1 = pooled[i4 - 2];
    let v1 = select(0.0, x1.x, inside1);
    let weight1 = depthwise_conv2d_weight[i5 + 1];
    let v2 = select(0.0, x1.y, inside1);
    let weight2 = depthwise_conv2d_weight[i5 + 2];
    let v3 = select(0.0, x1.z, inside1);
    let v4 = select(0.0, x1.w, inside1);
    let inside2 = (i3 - 1 >= 0) & (i3 - 1 < 8) & (i0 + 4 < 8);
    let x2 = pooled[i4 - 1];
    let v5 = select(0.0, x2.x, inside2);
    acc0 += v0 * weight0 + v1 * weight1 + v2 * weight2;
    acc1 += v1 * weight0 + v2 * weight1 + v3 * weight2;
    acc2 += v2 * weight0 + v3 * weight1 + v4 * weight2;
    acc3 += v3 * weight0 + v4 * weight1 + v5 * weight2;
  }
  let bias0 = depthwise_conv2d_bias[c0];
  let affine0 = depthwise_batchNorm2d_affine[c0];
  let affine1 = depthwise_batchNorm2d_affine[c0 + 8];
  let i6 = n0 * 512 + c0 * 64 + h0 * 8 + w0 * 4;
  depthwise[i6] = min(max((acc0 + bias0) * affine0 + affine1, 0.0), 6.0);
  depthwise[i6 + 1] = min(max((acc1 + bias0) * affine0 + affine1, 0.0), 6.0);
  depthwise[i6 + 2] = min(max((acc2 + bias0) * affine0 + affine1, 0.0), 6.0);
  depthwise[i6 + 3] = min(max((acc3 + bias0) * affine0 + affine1, 0.0), 6.0);
}
