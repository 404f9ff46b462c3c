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
  if (thread >= i32(batch.n)) { return; }
  let n0 = thread;
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  let weight0 = few_weight[0];
  acc0 += 0.0 * weight0.x;
  let i0 = n0 * 16;
  let x0 = picture[i0];
  acc1 += x0.w * weight0.x;
  acc2 += 0.0 * weight0.x;
  let x1 = picture[i0 + 6];
  acc3 += x1.w * weight0.x;
  acc0 += x0.x * weight0.y;
  let x2 = picture[i0 + 1];
  acc1 += x2.x * weight0.y;
  acc2 += x1.x * weight0.y;
  let x3 = picture[i0 + 7];
  acc3 += x3.x * weight0.y;
  acc0 += x0.y * weight0.z;
  acc1 += x2.y * weight0.z;
  acc2 += x1.y * weight0.z;
  acc3 += x3.y * weight0.z;
  acc0 += x0.z * weight0.w;
  acc1 += x2.z * weight0.w;
  acc2 += x1.z * weight0.w;
  acc3 += x3.z * weight0.w;
  let weight1 = few_weight[1];
  acc0 += x0.w * weight1.x;
  acc1 += x2.w * weight1.x;
  acc2 += x1.w * weight1.x;
  acc3 += x3.w * weight1.x;
  acc0 += 0.0 * weight1.y;
  let x4 = picture[i0 + 2];
  acc1 += x4.w * weight1.y;
  acc2 += 0.0 * weight1.y;
  let x5 = picture[i0 + 8];
  acc3 += x5.w * weight1.y;
  acc0 += x4.x * weight1.z;
  let x6 = picture[i0 + 3];
  acc1 += x6.x * weight1.z;
  acc2 += x5.x * weight1.z;
  let x7 = picture[i0 + 9];
  acc3 += x7.x * weight1.z;
  acc0 += x4.y * weight1.w;
  acc1 += x6.y * weight1.w;
  acc2 += x5.y * weight1.w;
  acc3 += x7.y * weight1.w;
  let weight2 = few_weight[2];
  acc0 += x4.z * weight2.x;
  acc1 += x6.z * weight2.x;
  acc2 += x5.z * weight2.x;
  acc3 += x7.z * weight2.x;
  acc0 += x4.w * weight2.y;
  acc1 += x6.w * weight2.y;
  acc2 += x5.w * weight2.y;
  acc3 += x7.w * weight2.y;
  acc0 += 0.0 * weight2.z;
  let x8 = picture[i0 + 4];
  acc1 += x8.w * weight2.z;
  acc2 += 0.0 * weight2.z;
  let x9 = picture[i0 + 10];
  acc3 += x9.w * weight2.z;
  acc0 += x8.x * weight2.w;
  let x10 = picture[i0 + 5];
  acc1 += x10.x * weight2.w;
  acc2 += x9.x * weight2.w;
  let x11 = picture[i0 + 11];
  acc3 += x11.x * weight2.w;
  let weight3 = few_weight[3];
  acc0 += x8.y * weight3.x;
  acc1 += x10.y * weight3.x;
  acc2 += x9.y * weight3.x;
  acc3 += x11.y * weight3.x;
  acc0 += x8.z * weight3.y;
  acc1 += x10.z * weight3.y;
  acc2 += x9.z * weight3.y;
  acc3 += x11.z * weight3.y;
  acc0 += x8.w * weight3.z;
  acc1 += x10.w * weight3.z;
  acc2 += x9.w * weight3.z;
  acc3 += x11.w * weight3.z;
  let bias0 = few_bias[0];
  let i1 = n0 * 4;
  few[i1] = acc0 + bias0;
  few[i1 + 1] = acc1 + bias0;
  few[i1 + 2] = acc2 + bias0;
  few[i1 + 3] = acc3 + bias0;
}
