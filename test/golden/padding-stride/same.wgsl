// same
//   same: conv2d 1 · 3×3, padding 1 [N, 1, 8, 8] → [N, 1, 8, 8], padding-stride.ts:8:14  (⌊(8 + 2·1 − 3)/1⌋ + 1 = 8)
// same[n, c, h, w] = (Σ_{kh<3, kw<3} (0 ≤ h + kh − 1 < 8 ∧ 0 ≤ kw + w − 1 < 8 ? picture[n, 0, h + kh − 1, kw + w − 1] : 0) · same.weight[0, 0, kh, kw]) + same.bias[0]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> same_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> same_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> same: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 16) { return; }
  let rest0 = thread / 4;
  let w0 = thread % 4;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let n0 = rest1;
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  let i0 = h0 * 2;
  let i1 = w0 * 2;
  let inside0 = i0 - 1 >= 0 && i1 - 1 >= 0;
  let i2 = h0 * 16 + n0 * 64 + w0 * 2;
  let x0 = picture[i2 - 9];
  let v0 = select(0.0, x0, inside0);
  let weight0 = same_weight[0];
  acc0 += v0 * weight0.x;
  let inside1 = i0 - 1 >= 0;
  let x1 = picture[i2 - 8];
  let v1 = select(0.0, x1, inside1);
  acc1 += v1 * weight0.x;
  let inside2 = i1 - 1 >= 0;
  let x2 = picture[i2 - 1];
  let v2 = select(0.0, x2, inside2);
  acc2 += v2 * weight0.x;
  let x3 = picture[i2];
  acc3 += x3 * weight0.x;
  acc0 += v1 * weight0.y;
  let x4 = picture[i2 - 7];
  let v3 = select(0.0, x4, inside1);
  acc1 += v3 * weight0.y;
  acc2 += x3 * weight0.y;
  let x5 = picture[i2 + 1];
  acc3 += x5 * weight0.y;
  acc0 += v3 * weight0.z;
  let inside3 = i0 - 1 >= 0 && i1 + 2 < 8;
  let x6 = picture[i2 - 6];
  let v4 = select(0.0, x6, inside3);
  acc1 += v4 * weight0.z;
  acc2 += x5 * weight0.z;
  let inside4 = i1 + 2 < 8;
  let x7 = picture[i2 + 2];
  let v5 = select(0.0, x7, inside4);
  acc3 += v5 * weight0.z;
  acc0 += v2 * weight0.w;
  acc1 += x3 * weight0.w;
  let x8 = picture[i2 + 7];
  let v6 = select(0.0, x8, inside2);
  acc2 += v6 * weight0.w;
  let x9 = picture[i2 + 8];
  acc3 += x9 * weight0.w;
  let weight1 = same_weight[1];
  acc0 += x3 * weight1.x;
  acc1 += x5 * weight1.x;
  acc2 += x9 * weight1.x;
  let x10 = picture[i2 + 9];
  acc3 += x10 * weight1.x;
  acc0 += x5 * weight1.y;
  acc1 += v5 * weight1.y;
  acc2 += x10 * weight1.y;
  let x11 = picture[i2 + 10];
  let v7 = select(0.0, x11, inside4);
  acc3 += v7 * weight1.y;
  acc0 += v6 * weight1.z;
  acc1 += x9 * weight1.z;
  let inside5 = i0 + 2 < 8 && i1 - 1 >= 0;
  let x12 = picture[i2 + 15];
  let v8 = select(0.0, x12, inside5);
  acc2 += v8 * weight1.z;
  let inside6 = i0 + 2 < 8;
  let x13 = picture[i2 + 16];
  let v9 = select(0.0, x13, inside6);
  acc3 += v9 * weight1.z;
  acc0 += x9 * weight1.w;
  acc1 += x10 * weight1.w;
  acc2 += v9 * weight1.w;
  let x14 = picture[i2 + 17];
  let v10 = select(0.0, x14, inside6);
  acc3 += v10 * weight1.w;
  let weight2 = same_weight[2];
  acc0 += x10 * weight2.x;
  acc1 += v7 * weight2.x;
  acc2 += v10 * weight2.x;
  let inside7 = i0 + 2 < 8 && i1 + 2 < 8;
  let x15 = picture[i2 + 18];
  let v11 = select(0.0, x15, inside7);
  acc3 += v11 * weight2.x;
  let bias0 = same_bias[0];
  same[i2] = acc0 + bias0;
  same[i2 + 1] = acc1 + bias0;
  same[i2 + 8] = acc2 + bias0;
  same[i2 + 9] = acc3 + bias0;
}
