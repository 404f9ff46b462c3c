// features → fc1 → fc2/sigmoid
//   features: flatten [N, 16, 5, 5] → [N, 400], lenet.ts:13:18  (16·5·5 = 400)
//   fc1: linear 400 → 120 [N, 400] → [N, 120], lenet.ts:14:13
//   fc2/sigmoid: sigmoid [N, 120] → [N, 120], lenet.ts:15:20
// fc2/sigmoid[n, i] = sigmoid((Σ_{k<400} pool2[n, ⌊k/25⌋, ⌊k/5⌋ mod 5, k mod 5] · fc1.weight[i, k]) + fc1.bias[i])
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> pool2: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> fc1_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> fc1_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> fc2_sigmoid: array<vec4<f32>>;

fn sigmoid4(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= ((i32(batch.n) + 3) / 4) * 10) { return; }
  let rest0 = thread / 10;
  let i0 = thread % 10;
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
  var acc8 = vec4<f32>(0.0);
  var acc9 = vec4<f32>(0.0);
  var acc10 = vec4<f32>(0.0);
  var acc11 = vec4<f32>(0.0);
  let i1 = n0 * 200;
  let i3 = i0 * 3;
  let i5 = n1 * 200;
  let i7 = n2 * 200;
  let i9 = n3 * 200;
  for (var k0 = 0; k0 < 200; k0++) {
    let i2 = i1 + k0;
    let x0 = pool2[i2];
    let i4 = i3 + k0 * 60;
    let weight0 = fc1_weight[i4];
    acc0 += x0.x * weight0;
    let weight1 = fc1_weight[i4 + 1];
    acc1 += x0.x * weight1;
    let weight2 = fc1_weight[i4 + 2];
    acc2 += x0.x * weight2;
    let i6 = i5 + k0;
    let x1 = pool2[i6];
    acc3 += x1.x * weight0;
    acc4 += x1.x * weight1;
    acc5 += x1.x * weight2;
    let i8 = i7 + k0;
    let x2 = pool2[i8];
    acc6 += x2.x * weight0;
    acc7 += x2.x * weight1;
    acc8 += x2.x * weight2;
    let i10 = i9 + k0;
    let x3 = pool2[i10];
    acc9 += x3.x * weight0;
    acc10 += x3.x * weight1;
    acc11 += x3.x * weight2;
    let weight3 = fc1_weight[i4 + 30];
    acc0 += x0.y * weight3;
    let weight4 = fc1_weight[i4 + 31];
    acc1 += x0.y * weight4;
    let weight5 = fc1_weight[i4 + 32];
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
  }
  let bias0 = fc1_bias[i3];
  let v0 = sigmoid4((acc0 + bias0));
  let i11 = i0 * 3 + n0 * 30;
  fc2_sigmoid[i11] = v0;
  let bias1 = fc1_bias[i3 + 1];
  let v1 = sigmoid4((acc1 + bias1));
  fc2_sigmoid[i11 + 1] = v1;
  let bias2 = fc1_bias[i3 + 2];
  let v2 = sigmoid4((acc2 + bias2));
  fc2_sigmoid[i11 + 2] = v2;
  let v3 = sigmoid4((acc3 + bias0));
  let i12 = i0 * 3 + n1 * 30;
  if (n0 + 1 < i32(batch.n)) {
    fc2_sigmoid[i12] = v3;
  }
  let v4 = sigmoid4((acc4 + bias1));
  if (n0 + 1 < i32(batch.n)) {
    fc2_sigmoid[i12 + 1] = v4;
  }
  let v5 = sigmoid4((acc5 + bias2));
  if (n0 + 1 < i32(batch.n)) {
    fc2_sigmoid[i12 + 2] = v5;
  }
  let v6 = sigmoid4((acc6 + bias0));
  let i13 = i0 * 3 + n2 * 30;
  if (n0 + 2 < i32(batch.n)) {
    fc2_sigmoid[i13] = v6;
  }
  let v7 = sigmoid4((acc7 + bias1));
  if (n0 + 2 < i32(batch.n)) {
    fc2_sigmoid[i13 + 1] = v7;
  }
  let v8 = sigmoid4((acc8 + bias2));
  if (n0 + 2 < i32(batch.n)) {
    fc2_sigmoid[i13 + 2] = v8;
  }
  let v9 = sigmoid4((acc9 + bias0));
  let i14 = i0 * 3 + n3 * 30;
  if (n0 + 3 < i32(batch.n)) {
    fc2_sigmoid[i14] = v9;
  }
  let v10 = sigmoid4((acc10 + bias1));
  if (n0 + 3 < i32(batch.n)) {
    fc2_sigmoid[i14 + 1] = v10;
  }
  let v11 = sigmoid4((acc11 + bias2));
  if (n0 + 3 < i32(batch.n)) {
    fc2_sigmoid[i14 + 2] = v11;
  }
}
