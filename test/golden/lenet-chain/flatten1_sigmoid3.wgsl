// flatten1 → fc1 → sigmoid3
//   flatten1: flatten [N, 16, 5, 5] → [N, 400], lenet-chain.ts:13:3  (16·5·5 = 400)
//   fc1: linear 400 → 120 [N, 400] → [N, 120], lenet-chain.ts:14:3
//   sigmoid3: sigmoid [N, 120] → [N, 120], lenet-chain.ts:15:3
// sigmoid3[n, i] = sigmoid((Σ_{k<400} pool2[n, ⌊k/25⌋, ⌊k/5⌋ mod 5, k mod 5] · fc1.weight[i, k]) + fc1.bias[i])
// contraction: register tile 4×8, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> pool2: array<f32>;
@group(0) @binding(2) var<storage, read> fc1_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> fc1_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> sigmoid3: array<vec4<f32>>;

fn sigmoid4(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= (i32(batch.n) + 3) / 4 * 15) { return; }
  let rest0 = thread0 / 15;
  let i0 = thread0 % 15;
  let n0 = rest0 * 4;
  let n1 = min(n0 + 1, i32(batch.n) - 1);
  let n2 = min(n0 + 2, i32(batch.n) - 1);
  let n3 = min(n0 + 3, i32(batch.n) - 1);
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  var acc2 = vec4<f32>(0.0);
  var acc3 = vec4<f32>(0.0);
  var acc4 = vec4<f32>(0.0);
  var acc5 = vec4<f32>(0.0);
  var acc6 = vec4<f32>(0.0);
  var acc7 = vec4<f32>(0.0);
  let i1 = n0 * 400;
  let i2 = i0 * 2;
  let i3 = n1 * 400;
  let i4 = n2 * 400;
  let i5 = n3 * 400;
  for (var k0 = 0; k0 < 400; k0++) {
    let i6 = i1 + k0;
    let x0 = pool2[i6];
    let i7 = i2 + k0 * 30;
    let weight0 = fc1_weight[i7];
    let weight1 = fc1_weight[i7 + 1];
    let i8 = i3 + k0;
    let x1 = pool2[i8];
    let i9 = i4 + k0;
    let x2 = pool2[i9];
    let i10 = i5 + k0;
    let x3 = pool2[i10];
    acc0 += x0 * weight0;
    acc1 += x0 * weight1;
    acc2 += x1 * weight0;
    acc3 += x1 * weight1;
    acc4 += x2 * weight0;
    acc5 += x2 * weight1;
    acc6 += x3 * weight0;
    acc7 += x3 * weight1;
  }
  let bias0 = fc1_bias[i2];
  let v0 = sigmoid4(acc0 + bias0);
  let i11 = n0 * 30 + i0 * 2;
  sigmoid3[i11] = v0;
  let bias1 = fc1_bias[i2 + 1];
  let v1 = sigmoid4(acc1 + bias1);
  sigmoid3[i11 + 1] = v1;
  let v2 = sigmoid4(acc2 + bias0);
  let i12 = n1 * 30 + i0 * 2;
  if (n0 + 1 < i32(batch.n)) {
    sigmoid3[i12] = v2;
  }
  let v3 = sigmoid4(acc3 + bias1);
  if (n0 + 1 < i32(batch.n)) {
    sigmoid3[i12 + 1] = v3;
  }
  let v4 = sigmoid4(acc4 + bias0);
  let i13 = n2 * 30 + i0 * 2;
  if (n0 + 2 < i32(batch.n)) {
    sigmoid3[i13] = v4;
  }
  let v5 = sigmoid4(acc5 + bias1);
  if (n0 + 2 < i32(batch.n)) {
    sigmoid3[i13 + 1] = v5;
  }
  let v6 = sigmoid4(acc6 + bias0);
  let i14 = n3 * 30 + i0 * 2;
  if (n0 + 3 < i32(batch.n)) {
    sigmoid3[i14] = v6;
  }
  let v7 = sigmoid4(acc7 + bias1);
  if (n0 + 3 < i32(batch.n)) {
    sigmoid3[i14 + 1] = v7;
  }
}
