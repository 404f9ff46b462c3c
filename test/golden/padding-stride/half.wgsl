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
  if (thread >= i32(batch.n) * 4) { return; }
  let rest0 = thread / 4;
  let h0 = thread % 4;
  let n0 = rest0;
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  let weight0 = half_weight[0];
  acc0 += 0.0 * weight0.x;
  let i0 = h0 * 2;
  let inside0 = i0 - 1 >= 0;
  let i1 = h0 * 4 + n0 * 16;
  let x0 = picture[i1 - 2];
  let v0 = select(0.0, x0.y, inside0);
  acc1 += v0 * weight0.x;
  let v1 = select(0.0, x0.w, inside0);
  acc2 += v1 * weight0.x;
  let x1 = picture[i1 - 1];
  let v2 = select(0.0, x1.y, inside0);
  acc3 += v2 * weight0.x;
  let v3 = select(0.0, x0.x, inside0);
  acc0 += v3 * weight0.y;
  let v4 = select(0.0, x0.z, inside0);
  acc1 += v4 * weight0.y;
  let v5 = select(0.0, x1.x, inside0);
  acc2 += v5 * weight0.y;
  let v6 = select(0.0, x1.z, inside0);
  acc3 += v6 * weight0.y;
  acc0 += v0 * weight0.z;
  acc1 += v1 * weight0.z;
  acc2 += v2 * weight0.z;
  let v7 = select(0.0, x1.w, inside0);
  acc3 += v7 * weight0.z;
  acc0 += 0.0 * weight0.w;
  let x2 = picture[i1];
  acc1 += x2.y * weight0.w;
  acc2 += x2.w * weight0.w;
  let x3 = picture[i1 + 1];
  acc3 += x3.y * weight0.w;
  let weight1 = half_weight[1];
  acc0 += x2.x * weight1.x;
  acc1 += x2.z * weight1.x;
  acc2 += x3.x * weight1.x;
  acc3 += x3.z * weight1.x;
  acc0 += x2.y * weight1.y;
  acc1 += x2.w * weight1.y;
  acc2 += x3.y * weight1.y;
  acc3 += x3.w * weight1.y;
  acc0 += 0.0 * weight1.z;
  let x4 = picture[i1 + 2];
  acc1 += x4.y * weight1.z;
  acc2 += x4.w * weight1.z;
  let x5 = picture[i1 + 3];
  acc3 += x5.y * weight1.z;
  acc0 += x4.x * weight1.w;
  acc1 += x4.z * weight1.w;
  acc2 += x5.x * weight1.w;
  acc3 += x5.z * weight1.w;
  let weight2 = half_weight[2];
  acc0 += x4.y * weight2.x;
  acc1 += x4.w * weight2.x;
  acc2 += x5.y * weight2.x;
  acc3 += x5.w * weight2.x;
  let bias0 = half_bias[0];
  half[i1] = acc0 + bias0;
  half[i1 + 1] = acc1 + bias0;
  half[i1 + 2] = acc2 + bias0;
  half[i1 + 3] = acc3 + bias0;
}
