// fc3
//   fc3: linear 84 → 10 [N, 84] → [N, 10], lenet-chain.ts:18:3
// fc3[n, i] = (Σ_{k<84} sigmoid4[n, k] · fc3.weight[i, k]) + fc3.bias[i]
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> sigmoid4: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> fc3_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> fc3_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> fc3: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= (i32(batch.n) + 3) / 4) { return; }
  let n0 = thread * 4;
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
  var acc12 = vec2<f32>(0.0);
  var acc13 = vec2<f32>(0.0);
  var acc14 = vec2<f32>(0.0);
  var acc15 = vec2<f32>(0.0);
  var acc16 = vec2<f32>(0.0);
  var acc17 = vec2<f32>(0.0);
  var acc18 = vec2<f32>(0.0);
  var acc19 = vec2<f32>(0.0);
  let i1 = n0 * 42;
  let i4 = n1 * 42;
  let i6 = n2 * 42;
  let i8 = n3 * 42;
  for (var k0 = 0; k0 < 42; k0++) {
    let i2 = i1 + k0;
    let x0 = sigmoid4[i2];
    let i3 = k0 * 10;
    let weight0 = fc3_weight[i3];
    acc0 += x0.x * weight0;
    let weight1 = fc3_weight[i3 + 1];
    acc1 += x0.x * weight1;
    let weight2 = fc3_weight[i3 + 2];
    acc2 += x0.x * weight2;
    let weight3 = fc3_weight[i3 + 3];
    acc3 += x0.x * weight3;
    let weight4 = fc3_weight[i3 + 4];
    acc4 += x0.x * weight4;
    let i5 = i4 + k0;
    let x1 = sigmoid4[i5];
    acc5 += x1.x * weight0;
    acc6 += x1.x * weight1;
    acc7 += x1.x * weight2;
    acc8 += x1.x * weight3;
    acc9 += x1.x * weight4;
    let i7 = i6 + k0;
    let x2 = sigmoid4[i7];
    acc10 += x2.x * weight0;
    acc11 += x2.x * weight1;
    acc12 += x2.x * weight2;
    acc13 += x2.x * weight3;
    acc14 += x2.x * weight4;
    let i9 = i8 + k0;
    let x3 = sigmoid4[i9];
    acc15 += x3.x * weight0;
    acc16 += x3.x * weight1;
    acc17 += x3.x * weight2;
    acc18 += x3.x * weight3;
    acc19 += x3.x * weight4;
    let weight5 = fc3_weight[i3 + 5];
    acc0 += x0.y * weight5;
    let weight6 = fc3_weight[i3 + 6];
    acc1 += x0.y * weight6;
    let weight7 = fc3_weight[i3 + 7];
    acc2 += x0.y * weight7;
    let weight8 = fc3_weight[i3 + 8];
    acc3 += x0.y * weight8;
    let weight9 = fc3_weight[i3 + 9];
    acc4 += x0.y * weight9;
    acc5 += x1.y * weight5;
    acc6 += x1.y * weight6;
    acc7 += x1.y * weight7;
    acc8 += x1.y * weight8;
    acc9 += x1.y * weight9;
    acc10 += x2.y * weight5;
    acc11 += x2.y * weight6;
    acc12 += x2.y * weight7;
    acc13 += x2.y * weight8;
    acc14 += x2.y * weight9;
    acc15 += x3.y * weight5;
    acc16 += x3.y * weight6;
    acc17 += x3.y * weight7;
    acc18 += x3.y * weight8;
    acc19 += x3.y * weight9;
  }
  let bias0 = fc3_bias[0];
  let i10 = n0 * 5;
  fc3[i10] = acc0 + bias0;
  let bias1 = fc3_bias[1];
  fc3[i10 + 1] = acc1 + bias1;
  let bias2 = fc3_bias[2];
  fc3[i10 + 2] = acc2 + bias2;
  let bias3 = fc3_bias[3];
  fc3[i10 + 3] = acc3 + bias3;
  let bias4 = fc3_bias[4];
  fc3[i10 + 4] = acc4 + bias4;
  let i11 = n1 * 5;
  if (n0 + 1 < i32(batch.n)) {
    fc3[i11] = acc5 + bias0;
  }
  if (n0 + 1 < i32(batch.n)) {
    fc3[i11 + 1] = acc6 + bias1;
  }
  if (n0 + 1 < i32(batch.n)) {
    fc3[i11 + 2] = acc7 + bias2;
  }
  if (n0 + 1 < i32(batch.n)) {
    fc3[i11 + 3] = acc8 + bias3;
  }
  if (n0 + 1 < i32(batch.n)) {
    fc3[i11 + 4] = acc9 + bias4;
  }
  let i12 = n2 * 5;
  if (n0 + 2 < i32(batch.n)) {
    fc3[i12] = acc10 + bias0;
  }
  if (n0 + 2 < i32(batch.n)) {
    fc3[i12 + 1] = acc11 + bias1;
  }
  if (n0 + 2 < i32(batch.n)) {
    fc3[i12 + 2] = acc12 + bias2;
  }
  if (n0 + 2 < i32(batch.n)) {
    fc3[i12 + 3] = acc13 + bias3;
  }
  if (n0 + 2 < i32(batch.n)) {
    fc3[i12 + 4] = acc14 + bias4;
  }
  let i13 = n3 * 5;
  if (n0 + 3 < i32(batch.n)) {
    fc3[i13] = acc15 + bias0;
  }
  if (n0 + 3 < i32(batch.n)) {
    fc3[i13 + 1] = acc16 + bias1;
  }
  if (n0 + 3 < i32(batch.n)) {
    fc3[i13 + 2] = acc17 + bias2;
  }
  if (n0 + 3 < i32(batch.n)) {
    fc3[i13 + 3] = acc18 + bias3;
  }
  if (n0 + 3 < i32(batch.n)) {
    fc3[i13 + 4] = acc19 + bias4;
  }
}
