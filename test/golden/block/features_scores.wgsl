// features → scores
//   features: flatten [N, 8, 1, 1] → [N, 8], block.model.ts:26:18  (8·1·1 = 8)
//   scores: linear 8 → 5 [N, 8] → [N, 5], block.model.ts:27:16
// scores[n, i] = (Σ_{k<8} features/globalAvgPool2d[n, k, 0, 0] · scores.weight[i, k]) + scores.bias[i]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> features_globalAvgPool2d: array<f32>;
@group(0) @binding(2) var<storage, read> scores_weight: array<f32>;
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
  let i1 = n0 * 8;
  let i4 = n1 * 8;
  let i6 = n2 * 8;
  let i8 = n3 * 8;
  for (var k0 = 0; k0 < 8; k0++) {
    let i2 = i1 + k0;
    let x0 = features_globalAvgPool2d[i2];
    let i3 = k0 * 5;
    let weight0 = scores_weight[i3];
    acc0 += x0 * weight0;
    let weight1 = scores_weight[i3 + 1];
    acc1 += x0 * weight1;
    let weight2 = scores_weight[i3 + 2];
    acc2 += x0 * weight2;
    let weight3 = scores_weight[i3 + 3];
    acc3 += x0 * weight3;
    let weight4 = scores_weight[i3 + 4];
    acc4 += x0 * weight4;
    let i5 = i4 + k0;
    let x1 = features_globalAvgPool2d[i5];
    acc5 += x1 * weight0;
    acc6 += x1 * weight1;
    acc7 += x1 * weight2;
    acc8 += x1 * weight3;
    acc9 += x1 * weight4;
    let i7 = i6 + k0;
    let x2 = features_globalAvgPool2d[i7];
    acc10 += x2 * weight0;
    acc11 += x2 * weight1;
    acc12 += x2 * weight2;
    acc13 += x2 * weight3;
    acc14 += x2 * weight4;
    let i9 = i8 + k0;
    let x3 = features_globalAvgPool2d[i9];
    acc15 += x3 * weight0;
    acc16 += x3 * weight1;
    acc17 += x3 * weight2;
    acc18 += x3 * weight3;
    acc19 += x3 * weight4;
  }
  let bias0 = scores_bias[0];
  let i10 = n0 * 5;
  scores[i10] = acc0 + bias0.x;
  scores[i10 + 1] = acc1 + bias0.y;
  scores[i10 + 2] = acc2 + bias0.z;
  scores[i10 + 3] = acc3 + bias0.w;
  let bias1 = scores_bias[1];
  scores[i10 + 4] = acc4 + bias1.x;
  let i11 = n1 * 5;
  if (n0 + 1 < i32(batch.n)) {
    scores[i11] = acc5 + bias0.x;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i11 + 1] = acc6 + bias0.y;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i11 + 2] = acc7 + bias0.z;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i11 + 3] = acc8 + bias0.w;
  }
  if (n0 + 1 < i32(batch.n)) {
    scores[i11 + 4] = acc9 + bias1.x;
  }
  let i12 = n2 * 5;
  if (n0 + 2 < i32(batch.n)) {
    scores[i12] = acc10 + bias0.x;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i12 + 1] = acc11 + bias0.y;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i12 + 2] = acc12 + bias0.z;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i12 + 3] = acc13 + bias0.w;
  }
  if (n0 + 2 < i32(batch.n)) {
    scores[i12 + 4] = acc14 + bias1.x;
  }
  let i13 = n3 * 5;
  if (n0 + 3 < i32(batch.n)) {
    scores[i13] = acc15 + bias0.x;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i13 + 1] = acc16 + bias0.y;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i13 + 2] = acc17 + bias0.z;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i13 + 3] = acc18 + bias0.w;
  }
  if (n0 + 3 < i32(batch.n)) {
    scores[i13 + 4] = acc19 + bias1.x;
  }
}
