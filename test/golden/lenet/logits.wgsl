// logits
//   logits: linear 84 → 10 [N, 84] → [N, 10], lenet.ts:16:16
// logits[n, i] = (Σ_{k<84} logits/sigmoid[n, k] · logits.weight[i, k]) + logits.bias[i]
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits_sigmoid: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> logits_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> logits_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> logits: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= ((i32(batch.n) + 3) / 4) * 2) { return; }
  let rest0 = thread / 2;
  let ifirst0 = (thread % 2) * 3;
  let i0 = min(ifirst0, 2);
  let n0 = rest0 * 4;
  let n1 = min(n0 + 1, i32(batch.n) - 1);
  let n2 = min(n0 + 2, i32(batch.n) - 1);
  let n3 = min(n0 + 3, i32(batch.n) - 1);
  var acc0 = vec2<f32>(0.0);
  var acc1 = vec2<f32>(0.0);
  var acc2 = vec2<f32>(0.0);
  var acc3 = vec2<f32>(0.0);
  var acc4 = vec2<f32>(0.0);
  var acc5 = vec2<f32>(0.0);
  var acc6 = vec2<f32>(0.0);
  var acc7 = vec2<f32>(0.0);
  var acc8 = vec2<f32>(0.0);
  var acc9 = vec2<f32>(0.0);
  var acc10 = vec2<f32>(0.0);
  var acc11 = vec2<f32>(0.0);
  let i1 = n0 * 21;
  let i3 = i0;
  let i5 = n1 * 21;
  let i7 = n2 * 21;
  let i9 = n3 * 21;
  for (var k0 = 0; k0 < 21; k0++) {
    let i2 = i1 + k0;
    let x0 = logits_sigmoid[i2];
    let i4 = i3 + k0 * 20;
    let weight0 = logits_weight[i4];
    acc0 += x0.x * weight0;
    let weight1 = logits_weight[i4 + 1];
    acc1 += x0.x * weight1;
    let weight2 = logits_weight[i4 + 2];
    acc2 += x0.x * weight2;
    let i6 = i5 + k0;
    let x1 = logits_sigmoid[i6];
    acc3 += x1.x * weight0;
    acc4 += x1.x * weight1;
    acc5 += x1.x * weight2;
    let i8 = i7 + k0;
    let x2 = logits_sigmoid[i8];
    acc6 += x2.x * weight0;
    acc7 += x2.x * weight1;
    acc8 += x2.x * weight2;
    let i10 = i9 + k0;
    let x3 = logits_sigmoid[i10];
    acc9 += x3.x * weight0;
    acc10 += x3.x * weight1;
    acc11 += x3.x * weight2;
    let weight3 = logits_weight[i4 + 5];
    acc0 += x0.y * weight3;
    let weight4 = logits_weight[i4 + 6];
    acc1 += x0.y * weight4;
    let weight5 = logits_weight[i4 + 7];
    acc2 += x0.y * weight5;
    acc3 += x1.y * weight3;
    acc4 += x1.y * weight4;
    acc5 += x1.y * weight5;
    acc6 += x2.y * weight3;
    acc7 += x2.y * weight4;
    acc8 += x2.y * weight5;
    acc9 += x3.y * weight3;
    acc10 += x3.y * weight4;
    acc11 += x3.y * weight5;
    let weight6 = logits_weight[i4 + 10];
    acc0 += x0.z * weight6;
    let weight7 = logits_weight[i4 + 11];
    acc1 += x0.z * weight7;
    let weight8 = logits_weight[i4 + 12];
    acc2 += x0.z * weight8;
    acc3 += x1.z * weight6;
    acc4 += x1.z * weight7;
    acc5 += x1.z * weight8;
    acc6 += x2.z * weight6;
    acc7 += x2.z * weight7;
    acc8 += x2.z * weight8;
    acc9 += x3.z * weight6;
    acc10 += x3.z * weight7;
    acc11 += x3.z * weight8;
    let weight9 = logits_weight[i4 + 15];
    acc0 += x0.w * weight9;
    let weight10 = logits_weight[i4 + 16];
    acc1 += x0.w * weight10;
    let weight11 = logits_weight[i4 + 17];
    acc2 += x0.w * weight11;
    acc3 += x1.w * weight9;
    acc4 += x1.w * weight10;
    acc5 += x1.w * weight11;
    acc6 += x2.w * weight9;
    acc7 += x2.w * weight10;
    acc8 += x2.w * weight11;
    acc9 += x3.w * weight9;
    acc10 += x3.w * weight10;
    acc11 += x3.w * weight11;
  }
  let bias0 = logits_bias[i0];
  let i11 = i0 + n0 * 5;
  if (i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i11] = acc0 + bias0;
  }
  let bias1 = logits_bias[i0 + 1];
  if (i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i11 + 1] = acc1 + bias1;
  }
  let bias2 = logits_bias[i0 + 2];
  if (i0 * 2 + 4 >= ifirst0 * 2) {
    logits[i11 + 2] = acc2 + bias2;
  }
  let i12 = i0 + n1 * 5;
  if (n0 + 1 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i12] = acc3 + bias0;
  }
  if (n0 + 1 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i12 + 1] = acc4 + bias1;
  }
  if (n0 + 1 < i32(batch.n) && i0 * 2 + 4 >= ifirst0 * 2) {
    logits[i12 + 2] = acc5 + bias2;
  }
  let i13 = i0 + n2 * 5;
  if (n0 + 2 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i13] = acc6 + bias0;
  }
  if (n0 + 2 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i13 + 1] = acc7 + bias1;
  }
  if (n0 + 2 < i32(batch.n) && i0 * 2 + 4 >= ifirst0 * 2) {
    logits[i13 + 2] = acc8 + bias2;
  }
  let i14 = i0 + n3 * 5;
  if (n0 + 3 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i14] = acc9 + bias0;
  }
  if (n0 + 3 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i14 + 1] = acc10 + bias1;
  }
  if (n0 + 3 < i32(batch.n) && i0 * 2 + 4 >= ifirst0 * 2) {
    logits[i14 + 2] = acc11 + bias2;
  }
}
