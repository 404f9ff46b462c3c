// fc2 → logits/sigmoid
//   fc2: linear 120 → 84 [N, 120] → [N, 84], lenet.ts:15:13
//   logits/sigmoid: sigmoid [N, 84] → [N, 84], lenet.ts:16:23
// logits/sigmoid[n, i] = sigmoid((Σ_{k<120} fc2/sigmoid[n, k] · fc2.weight[i, k]) + fc2.bias[i])
// contraction: register tile 4×4, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> fc2_sigmoid: array<f32>;
@group(0) @binding(2) var<storage, read> fc2_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> fc2_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> logits_sigmoid: array<vec4<f32>>;

fn sigmoid4(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= (i32(batch.n) + 3) / 4 * 21) { return; }
  let rest0 = thread0 / 21;
  let i0 = thread0 % 21;
  let n0 = rest0 * 4;
  let n1 = min(n0 + 1, i32(batch.n) - 1);
  let n2 = min(n0 + 2, i32(batch.n) - 1);
  let n3 = min(n0 + 3, i32(batch.n) - 1);
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  var acc2 = vec4<f32>(0.0);
  var acc3 = vec4<f32>(0.0);
  let i1 = n0 * 120;
  let i2 = n1 * 120;
  let i3 = n2 * 120;
  let i4 = n3 * 120;
  for (var k0 = 0; k0 < 120; k0++) {
    let i5 = i1 + k0;
    let x0 = fc2_sigmoid[i5];
    let i6 = i0 + k0 * 21;
    let weight0 = fc2_weight[i6];
    let i7 = i2 + k0;
    let x1 = fc2_sigmoid[i7];
    let i8 = i3 + k0;
    let x2 = fc2_sigmoid[i8];
    let i9 = i4 + k0;
    let x3 = fc2_sigmoid[i9];
    acc0 += x0 * weight0;
    acc1 += x1 * weight0;
    acc2 += x2 * weight0;
    acc3 += x3 * weight0;
  }
  let bias0 = fc2_bias[i0];
  let v0 = sigmoid4(acc0 + bias0);
  let i10 = n0 * 21 + i0;
  logits_sigmoid[i10] = v0;
  let v1 = sigmoid4(acc1 + bias0);
  let i11 = n1 * 21 + i0;
  if (n0 + 1 < i32(batch.n)) {
    logits_sigmoid[i11] = v1;
  }
  let v2 = sigmoid4(acc2 + bias0);
  let i12 = n2 * 21 + i0;
  if (n0 + 2 < i32(batch.n)) {
    logits_sigmoid[i12] = v2;
  }
  let v3 = sigmoid4(acc3 + bias0);
  let i13 = n3 * 21 + i0;
  if (n0 + 3 < i32(batch.n)) {
    logits_sigmoid[i13] = v3;
  }
}
