// half
//   half: conv2d 1 · 3×3, stride 2, padding 1 [N, 1, 8, 8] → [N, 1, 4, 4], padding-stride.ts:10:14  (⌊(8 + 2·1 − 3)/2⌋ + 1 = 4)
// half[n, c, h, w] = (Σ_{kh<3, kw<3} (0 ≤ h·2 + kh − 1 < 8 ∧ 0 ≤ kw + w·2 − 1 < 8 ? picture[n, 0, h·2 + kh − 1, kw + w·2 − 1] : 0) · half.weight[0, 0, kh, kw]) + half.bias[0]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> half_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> half_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> half: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 8) { return; }
  let rest0 = thread / 2;
  let w0 = thread % 2;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let n0 = rest1;
  var acc0 = 0.0;
  var acc1 = 0.0;
  let i0 = h0 * 2;
  let i1 = w0 * 4;
  let inside0 = i0 - 1 >= 0 && i1 - 1 >= 0;
  let i2 = h0 * 4 + n0 * 16 + w0;
  let x0 = picture[i2 - 3];
  let v0 = select(0.0, x0.w, inside0);
  let weight0 = half_weight[0];
  acc0 += v0 * weight0.x;
  let inside1 = i0 - 1 >= 0;
  let x1 = picture[i2 - 2];
  let v1 = select(0.0, x1.y, inside1);
  acc1 += v1 * weight0.x;
  let v2 = select(0.0, x1.x, inside1);
  acc0 += v2 * weight0.y;
  let v3 = select(0.0, x1.z, inside1);
  acc1 += v3 * weight0.y;
  acc0 += v1 * weight0.z;
  let v4 = select(0.0, x1.w, inside1);
  acc1 += v4 * weight0.z;
  let inside2 = i1 - 1 >= 0;
  let x2 = picture[i2 - 1];
  let v5 = select(0.0, x2.w, inside2);
  acc0 += v5 * weight0.w;
  let x3 = picture[i2];
  acc1 += x3.y * weight0.w;
  let weight1 = half_weight[1];
  acc0 += x3.x * weight1.x;
  acc1 += x3.z * weight1.x;
  acc0 += x3.y * weight1.y;
  acc1 += x3.w * weight1.y;
  let x4 = picture[i2 + 1];
  let v6 = select(0.0, x4.w, inside2);
  acc0 += v6 * weight1.z;
  let x5 = picture[i2 + 2];
  acc1 += x5.y * weight1.z;
  acc0 += x5.x * weight1.w;
  acc1 += x5.z * weight1.w;
  let weight2 = half_weight[2];
  acc0 += x5.y * weight2.x;
  acc1 += x5.w * weight2.x;
  let bias0 = half_bias[0];
  let i3 = h0 * 4 + n0 * 16 + w0 * 2;
  half[i3] = acc0 + bias0;
  half[i3 + 1] = acc1 + bias0;
}
