// logits
//   logits: linear 84 → 10 [N, 84] → [N, 10], lenet.ts:16:16
// logits[n, i] = (Σ_{k<84} logits/sigmoid[n, k] · logits.weight[i, k]) + logits.bias[i]
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits_sigmoid: array<f32>;
@group(0) @binding(2) var<storage, read> logits_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> logits_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> logits: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= ((i32(batch.n) + 3) / 4) * 3) { return; }
  let rest0 = thread / 3;
  let ifirst0 = (thread % 3) * 2;
  let i0 = min(ifirst0, 3);
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
  let i1 = n0 * 84;
  let i3 = i0;
  let i5 = n1 * 84;
  let i7 = n2 * 84;
  let i9 = n3 * 84;
  for (var k0 = 0; k0 < 84; k0++) {
    let i2 = i1 + k0;
    let x0 = logits_sigmoid[i2];
    let i4 = i3 + k0 * 5;
    let weight0 = logits_weight[i4];
    acc0 += x0 * weight0;
    let weight1 = logits_weight[i4 + 1];
    acc1 += x0 * weight1;
    let i6 = i5 + k0;
    let x1 = logits_sigmoid[i6];
    acc2 += x1 * weight0;
    acc3 += x1 * weight1;
    let i8 = i7 + k0;
    let x2 = logits_sigmoid[i8];
    acc4 += x2 * weight0;
    acc5 += x2 * weight1;
    let i10 = i9 + k0;
    let x3 = logits_sigmoid[i10];
    acc6 += x3 * weight0;
    acc7 += x3 * weight1;
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
  let i12 = i0 + n1 * 5;
  if (n0 + 1 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i12] = acc2 + bias0;
  }
  if (n0 + 1 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i12 + 1] = acc3 + bias1;
  }
  let i13 = i0 + n2 * 5;
  if (n0 + 2 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i13] = acc4 + bias0;
  }
  if (n0 + 2 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i13 + 1] = acc5 + bias1;
  }
  let i14 = i0 + n3 * 5;
  if (n0 + 3 < i32(batch.n) && i0 * 2 + 0 >= ifirst0 * 2) {
    logits[i14] = acc6 + bias0;
  }
  if (n0 + 3 < i32(batch.n) && i0 * 2 + 2 >= ifirst0 * 2) {
    logits[i14 + 1] = acc7 + bias1;
  }
}
