// few
//   few: conv2d 1 · 3×5, stride 3×4, padding 0×1 [N, 1, 8, 8] → [N, 1, 2, 2], padding-stride.ts:11:13  (⌊(8 − 3)/3⌋ + 1 = 2; ⌊(8 + 2·1 − 5)/4⌋ + 1 = 2)
// few[n, c, h, w] = (Σ_{kh<3, kw<5} (0 ≤ kw + w·4 − 1 < 8 ? picture[n, 0, h·3 + kh, kw + w·4 − 1] : 0) · few.weight[0, 0, kh, kw]) + few.bias[0]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> few_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> few_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> few: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 4) { return; }
  let rest0 = thread / 2;
  let w0 = thread % 2;
  let rest1 = rest0 / 2;
  let h0 = rest0 % 2;
  let n0 = rest1;
  var acc0 = 0.0;
  let i0 = w0 * 4;
  let inside0 = i0 - 1 >= 0;
  let i1 = h0 * 6 + n0 * 16 + w0;
  let x0 = picture[i1 - 1];
  let v0 = select(0.0, x0.w, inside0);
  let weight0 = few_weight[0];
  acc0 += v0 * weight0.x;
  let x1 = picture[i1];
  acc0 += x1.x * weight0.y;
  acc0 += x1.y * weight0.z;
  acc0 += x1.z * weight0.w;
  let weight1 = few_weight[1];
  acc0 += x1.w * weight1.x;
  let x2 = picture[i1 + 1];
  let v1 = select(0.0, x2.w, inside0);
  acc0 += v1 * weight1.y;
  let x3 = picture[i1 + 2];
  acc0 += x3.x * weight1.z;
  acc0 += x3.y * weight1.w;
  let weight2 = few_weight[2];
  acc0 += x3.z * weight2.x;
  acc0 += x3.w * weight2.y;
  let x4 = picture[i1 + 3];
  let v2 = select(0.0, x4.w, inside0);
  acc0 += v2 * weight2.z;
  let x5 = picture[i1 + 4];
  acc0 += x5.x * weight2.w;
  let weight3 = few_weight[3];
  acc0 += x5.y * weight3.x;
  acc0 += x5.z * weight3.y;
  acc0 += x5.w * weight3.z;
  let bias0 = few_bias[0];
  let i2 = h0 * 2 + n0 * 4 + w0;
  few[i2] = acc0 + bias0;
}
