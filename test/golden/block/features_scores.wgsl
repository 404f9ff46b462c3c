// features → scores
//   features: flatten [N, 8, 1, 1] → [N, 8], block.model.ts:26:18  (8·1·1 = 8)
//   scores: linear 8 → 5 [N, 8] → [N, 5], block.model.ts:27:16
// scores[n, i] = (Σ_{k<8} features/globalAvgPool2d[n, k, 0, 0] · scores.weight[i, k]) + scores.bias[i]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> features_globalAvgPool2d: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> scores_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> scores_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= (i32(batch.n) + 3) / 4) { return; }
  let n0 = thread * 4;
  let n1 = min(n0 + 1, i32(batch.n) - 1);
  let n2 = min(n0 + 2, i32(batch.n) - 1);
  let n3 = min(n0 + 3, i32(batch.n) - 1);
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  var acc4 = 0.0;
  var acc5 = 0.0;
  var acc6 = 0.0;
  var acc7 = 0.0;
  var acc8 = 0.0;
  var acc9 = 0.0;
  var acc10 = 0.0;
  var acc11 = 0.0;
  var acc12 = 0.0;
  var acc13 = 0.0;
  var acc14 = 0.0;
  var acc15 = 0.0;
  var acc16 = 0.0;
  var acc17 = 0.0;
  var acc18 = 0.0;
  var acc19 = 0.0;
  let i1 = n0 * 2;
  let x0 = features_globalAvgPool2d[i1];
  let weight0 = scores_weight[0];
  acc0 += x0.x * weight0.x;
  acc1 += x0.x * weight0.y;
  acc2 += x0.x * weight0.z;
  acc3 += x0.x * weight0.w;
  let weight1 = scores_weight[1];
  acc4 += x0.x * weight1.x;
  let i2 = n1 * 2;
  let x1 = features_globalAvgPool2d[i2];
  acc5 += x1.x * weight0.x;
  acc6 += x1.x * weight0.y;
  acc7 += x1.x * weight0.z;
  acc8 += x1.x * weight0.w;
  acc9 += x1.x * weight1.x;
  let i3 = n2 * 2;
  let x2 = features_globalAvgPool2d[i3];
  acc10 += x2.x * weight0.x;
  acc11 += x2.x * weight0.y;
  acc12 += x2.x * weight0.z;
  acc13 += x2.x * weight0.w;
  acc14 += x2.x * weight1.x;
  let i4 = n3 * 2;
  let x3 = features_globalAvgPool2d[i4];
  acc15 += x3.x * weight0.x;
  acc16 += x3.x * weight0.y;
  acc17 += x3.x * weight0.z;
  acc18 += x3.x * weight0.w;
  acc19 += x3.x * weight1.x;
  acc0 += x0.y * weight1.y;
  acc1 += x0.y * weight1.z;
  acc2 += x0.y * weight1.w;
  let weight2 = scores_weight[2];
  acc3 += x0.y * weight2.x;
  acc4 += x0.y * weight2.y;
  acc5 += x1.y * weight1.y;
  acc6 += x1.y * weight1.z;
  acc7 += x1.y * weight1.w;
  acc8 += x1.y * weight2.x;
  acc9 += x1.y * weight2.y;
  acc10 += x2.y * weight1.y;
  acc11 += x2.y * weight1.z;
  acc12 += x2.y * weight1.w;
  acc13 += x2.y * weight2.x;
  acc14 += x2.y * weight2.y;
  acc15 += x3.y * weight1.y;
  acc16 += x3.y * weight1.z;
  acc17 += x3.y * weight1.w;
  acc18 += x3.y * weight2.x;
  acc19 += x3.y * weight2.y;
  acc0 += x0.z * weight2.z;
  acc1 += x0.z * weight2.w;
  let weight3 = scores_weight[3];
  acc2 += x0.z * weight3.x;
  acc3 += x0.z * weight3.y;
  acc4 += x0.z * weight3.z;
  acc5 += x1.z * weight2.z;
  acc6 += x1.z * weight2.w;
  acc7 += x1.z * weight3.x;
  acc8 += x1.z * weight3.y;
  acc9 += x1.z * weight3.z;
  acc10 += x2.z * weight2.z;
  acc11 += x2.z * weight2.w;
  acc12 += x2.z * weight3.x;
  acc13 += x2.z * weight3.y;
  acc14 += x2.z * weight3.z;
  acc15 += x3.z * weight2.z;
  acc16 += x3.z * weight2.w;
  acc17 += x3.z * weight3.x;
  acc18 += x3.z * weight3.y;
  acc19 += x3.z * weight3.z;
  acc0 += x0.w * weight3.w;
  let weight4 = scores_weight[4];
  acc1 += x0.w * weight4.x;
  acc2 += x0.w * weight4.y;
  acc3 += x0.w * weight4.z;
  acc4 += x0.w * weight4.w;
  acc5 += x1.w * weight3.w;
  acc6 += x1.w * weight4.x;
  acc7 += x1.w * weight4.y;
  acc8 += x1.w * weight4.z;
  acc9 += x1.w * weight4.w;
  acc10 += x2.w * weight3.w;
  acc11 += x2.w * weight4.x;
  acc12 += x2.w * weight4.y;
  acc13 += x2.w * weight4.z;
  acc14 += x2.w * weight4.w;
  acc15 += x3.w * weight3.w;
  acc16 += x3.w * weight4.x;
  acc17 += x3.w * weight4.y;
  acc18 += x3.w * weight4.z;
  acc19 += x3.w * weight4.w;
  let x4 = features_globalAvgPool2d[i1 + 1];
  let weight5 = scores_weight[5];
  acc0 += x4.x * weight5.x;
  acc1 += x4.x * weight5.y;
  acc2 += x4.x * weight5.z;
  acc3 += x4.x * weight5.w;
  let weight6 = scores_weight[6];
  acc4 += x4.x * weight6.x;
  let x5 = features_globalAvgPool2d[i2 + 1];
  acc5 += x5.x * weight5.x;
  acc6 += x5.x * weight5.y;
  acc7 += x5.x * weight5.z;
  acc8 += x5.x * weight5.w;
  acc9 += x5.x * weight6.x;
  let x6 = features_globalAvgPool2d[i3 + 1];
  acc10 += x6.x * weight5.x;
  acc11 += x6.x * weight5.y;
  acc12 += x6.x * weight5.z;
  acc13 += x6.x * weight5.w;
  acc14 += x6.x * weight6.x;
  let x7 = features_globalAvgPool2d[i4 + 1];
  acc15 += x7.x * weight5.x;
  acc16 += x7.x * weight5.y;
  acc17 += x7.x * weight5.z;
  acc18 += x7.x * weight5.w;
  acc19 += x7.x * weight6.x;
  acc0 += x4.y * weight6.y;
  acc1 += x4.y * weight6.z;
  acc2 += x4.y * weight6.w;
  let weight7 = scores_weight[7];
  acc3 += x4.y * weight7.x;
  acc4 += x4.y * weight7.y;
  acc5 += x5.y * weight6.y;
  acc6 += x5.y * weight6.z;
  acc7 += x5.y * weight6.w;
  acc8 += x5.y * weight7.x;
  acc9 += x5.y * weight7.y;
  acc10 += x6.y * weight6.y;
  acc11 += x6.y * weight6.z;
  acc12 += x6.y * weight6.w;
  acc13 += x6.y * weight7.x;
  acc14 += x6.y * weight7.y;
  acc15 += x7.y * weight6.y;
  acc16 += x7.y * weight6.z;
  acc17 += x7.y * weight6.w;
  acc18 += x7.y * weight7.x;
  acc19 += x7.y * weight7.y;
  acc0 += x4.z * weight7.z;
  acc1 += x4.z * weight7.w;
  let weight8 = scores_weight[8];
  acc2 += x4.z * weight8.x;
  acc3 += x4.z * weight8.y;
  acc4 += x4.z * weight8.z;
  acc5 += x5.z * weight7.z;
  acc6 += x5.z * weight7.w;
  acc7 += x5.z * weight8.x;
  acc8 += x5.z * weight8.y;
  acc9 += x5.z * weight8.z;
  acc10 += x6.z * weight7.z;
  acc11 += x6.z * weight7.w;
  acc12 += x6.z * weight8.x;
  acc13 += x6.z * weight8.y;
  acc14 += x6.z * weight8.z;
  acc15 += x7.z * weight7.z;
  acc16 += x7.z * weight7.w;
  acc17 += x7.z * weight8.x;
  acc18 += x7.z * weight8.y;
  acc19 += x7.z * weight8.z;
  acc0 += x4.w * weight8.w;
  let weight9 = scores_weight[9];
  acc1 += x4.w * weight9.x;
  acc2 += x4.w * weight9.y;
  acc3 += x4.w * weight9.z;
  acc4 += x4.w * weight9.w;
  acc5 += x5.w * weight8.w;
  acc6 += x5.w * weight9.x;
  acc7 += x5.w * weight9.y;
  acc8 += x5.w * weight9.z;
  acc9 += x5.w * weight9.w;
  acc10 += x6.w * weight8.w;
  acc11 += x6.w * weight9.x;
  acc12 += x6.w * weight9.y;
  acc13 += x6.w * weight9.z;
  acc14 += x6.w * weight9.w;
  acc15 += x7.w * weight8.w;
  acc16 += x7.w * weight9.x;
  acc17 += x7.w * weight9.y;
  acc18 += x7.w * weight9.z;
  acc19 += x7.w * weight9.w;
  let bias0 = scores_bias[0];
  let i5 = n0 * 5;
  scores[i5] = acc0 + bias0.x;
  scores[i5 + 1] = acc1 + bias0.y;
  scores[i5 + 2] = acc2 + bias0.z;
  scores[i5 + 3] = acc3 + bias0.w;
  let bias1 = scores_bias[1];
  scores[i5 + 4] = acc4 + bias1.x;
  let i6 = n1 * 5;
  if (n0 + 1 < i32(batch.n)) {
    scores[i6] = acc5 + bias0.x;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i6 + 1] = acc6 + bias0.y;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i6 + 2] = acc7 + bias0.z;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i6 + 3] = acc8 + bias0.w;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i6 + 4] = acc9 + bias1.x;
  }
  let i7 = n2 * 5;
  if (n0 + 2 < i32(batch.n)) {
    scores[i7] = acc10 + bias0.x;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i7 + 1] = acc11 + bias0.y;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i7 + 2] = acc12 + bias0.z;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i7 + 3] = acc13 + bias0.w;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i7 + 4] = acc14 + bias1.x;
  }
  let i8 = n3 * 5;
  if (n0 + 3 < i32(batch.n)) {
    scores[i8] = acc15 + bias0.x;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i8 + 1] = acc16 + bias0.y;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i8 + 2] = acc17 + bias0.z;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i8 + 3] = acc18 + bias0.w;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i8 + 4] = acc19 + bias1.x;
  }
}
