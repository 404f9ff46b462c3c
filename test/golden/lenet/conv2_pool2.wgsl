// conv2 → pool2/sigmoid → pool2
//   conv2: conv2d 16 · 5×5 [N, 6, 14, 14] → [N, 16, 10, 10], lenet.ts:9:15  (⌊(14 − 5)/1⌋ + 1 = 10)
//   pool2/sigmoid: sigmoid [N, 16, 10, 10] → [N, 16, 10, 10], lenet.ts:10:25
//   pool2: avgPool2d 2×2 [N, 16, 10, 10] → [N, 16, 5, 5], lenet.ts:10:15  (⌊(10 − 2)/2⌋ + 1 = 5)
// pool2[n, c, h, w] = (Σ_{u<2, v<2} sigmoid((Σ_{c′<6, kh<5, kw<5} pool1[n, c′, h·2 + kh + u, w·2 + kw + v] · conv2.weight[c, c′, kh, kw]) + conv2.bias[c])) · 0.25
// contraction: register tile 1×8×1×2, unroll 1×1×4, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> pool1: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> conv2_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> conv2_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> pool2: array<f32>;

fn sigmoid4(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 30) { return; }
  let rest0 = thread0 / 3;
  let wfirst0 = thread0 % 3 * 2;
  let w0 = min(wfirst0, 3);
  let rest1 = rest0 / 5;
  let h0 = rest0 % 5;
  let rest2 = rest1 / 2;
  let c0 = rest1 % 2;
  let n0 = rest2;
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
  var acc12 = vec4<f32>(0.0);
  var acc13 = vec4<f32>(0.0);
  var acc14 = vec4<f32>(0.0);
  var acc15 = vec4<f32>(0.0);
  let i0 = n0 * 588 + h0 * 14 + w0;
  let i1 = c0 * 2;
  for (var c1 = 0; c1 < 6; c1++) {
    let i2 = i0 + c1 * 98;
    let i3 = i1 + c1 * 100;
    for (var kh0 = 0; kh0 < 5; kh0++) {
      let i4 = i2 + kh0 * 7;
      let x0 = pool1[i4];
      let i5 = i3 + kh0 * 20;
      let weight0 = conv2_weight[i5];
      let weight1 = conv2_weight[i5 + 4];
      let x1 = pool1[i4 + 1];
      let weight2 = conv2_weight[i5 + 8];
      let weight3 = conv2_weight[i5 + 12];
      let x2 = pool1[i4 + 2];
      let x3 = pool1[i4 + 7];
      let x4 = pool1[i4 + 8];
      let x5 = pool1[i4 + 9];
      let x6 = pool1[i4 + 3];
      let x7 = pool1[i4 + 10];
      let weight4 = conv2_weight[i5 + 1];
      let weight5 = conv2_weight[i5 + 5];
      let weight6 = conv2_weight[i5 + 9];
      let weight7 = conv2_weight[i5 + 13];
      for (var kw0 = 0; kw0 < 1; kw0++) {
        acc0 += x0.x * weight0 + x0.y * weight1 + x1.x * weight2 + x1.y * weight3;
        acc1 += x0.y * weight0 + x1.x * weight1 + x1.y * weight2 + x2.x * weight3;
        acc2 += x3.x * weight0 + x3.y * weight1 + x4.x * weight2 + x4.y * weight3;
        acc3 += x3.y * weight0 + x4.x * weight1 + x4.y * weight2 + x5.x * weight3;
        acc4 += x1.x * weight0 + x1.y * weight1 + x2.x * weight2 + x2.y * weight3;
        acc5 += x1.y * weight0 + x2.x * weight1 + x2.y * weight2 + x6.x * weight3;
        acc6 += x4.x * weight0 + x4.y * weight1 + x5.x * weight2 + x5.y * weight3;
        acc7 += x4.y * weight0 + x5.x * weight1 + x5.y * weight2 + x7.x * weight3;
        acc8 += x0.x * weight4 + x0.y * weight5 + x1.x * weight6 + x1.y * weight7;
        acc9 += x0.y * weight4 + x1.x * weight5 + x1.y * weight6 + x2.x * weight7;
        acc10 += x3.x * weight4 + x3.y * weight5 + x4.x * weight6 + x4.y * weight7;
        acc11 += x3.y * weight4 + x4.x * weight5 + x4.y * weight6 + x5.x * weight7;
        acc12 += x1.x * weight4 + x1.y * weight5 + x2.x * weight6 + x2.y * weight7;
        acc13 += x1.y * weight4 + x2.x * weight5 + x2.y * weight6 + x6.x * weight7;
        acc14 += x4.x * weight4 + x4.y * weight5 + x5.x * weight6 + x5.y * weight7;
        acc15 += x4.y * weight4 + x5.x * weight5 + x5.y * weight6 + x7.x * weight7;
      }
      let weight8 = conv2_weight[i5 + 16];
      let weight9 = conv2_weight[i5 + 17];
      acc0 += x2.x * weight8;
      acc1 += x2.y * weight8;
      acc2 += x5.x * weight8;
      acc3 += x5.y * weight8;
      acc4 += x6.x * weight8;
      acc5 += x6.y * weight8;
      acc6 += x7.x * weight8;
      acc7 += x7.y * weight8;
      acc8 += x2.x * weight9;
      acc9 += x2.y * weight9;
      acc10 += x5.x * weight9;
      acc11 += x5.y * weight9;
      acc12 += x6.x * weight9;
      acc13 += x6.y * weight9;
      acc14 += x7.x * weight9;
      acc15 += x7.y * weight9;
    }
  }
  let bias0 = conv2_bias[i1];
  let v0 = sigmoid4(acc0 + bias0);
  let v1 = sigmoid4(acc1 + bias0);
  let v2 = sigmoid4(acc2 + bias0);
  let v3 = sigmoid4(acc3 + bias0);
  let r0 = v0 + v1 + v2 + v3;
  let i6 = n0 * 400 + c0 * 200 + h0 * 5 + w0;
  if (w0 >= wfirst0) {
    let out0 = r0 * 0.25;
    pool2[i6] = out0.x;
    pool2[i6 + 25] = out0.y;
    pool2[i6 + 50] = out0.z;
    pool2[i6 + 75] = out0.w;
  }
  let v4 = sigmoid4(acc4 + bias0);
  let v5 = sigmoid4(acc5 + bias0);
  let v6 = sigmoid4(acc6 + bias0);
  let v7 = sigmoid4(acc7 + bias0);
  let r1 = v4 + v5 + v6 + v7;
  if (w0 + 1 >= wfirst0) {
    let out1 = r1 * 0.25;
    pool2[i6 + 1] = out1.x;
    pool2[i6 + 26] = out1.y;
    pool2[i6 + 51] = out1.z;
    pool2[i6 + 76] = out1.w;
  }
  let bias1 = conv2_bias[i1 + 1];
  let v8 = sigmoid4(acc8 + bias1);
  let v9 = sigmoid4(acc9 + bias1);
  let v10 = sigmoid4(acc10 + bias1);
  let v11 = sigmoid4(acc11 + bias1);
  let r2 = v8 + v9 + v10 + v11;
  if (w0 >= wfirst0) {
    let out2 = r2 * 0.25;
    pool2[i6 + 100] = out2.x;
    pool2[i6 + 125] = out2.y;
    pool2[i6 + 150] = out2.z;
    pool2[i6 + 175] = out2.w;
  }
  let v12 = sigmoid4(acc12 + bias1);
  let v13 = sigmoid4(acc13 + bias1);
  let v14 = sigmoid4(acc14 + bias1);
  let v15 = sigmoid4(acc15 + bias1);
  let r3 = v12 + v13 + v14 + v15;
  if (w0 + 1 >= wfirst0) {
    let out3 = r3 * 0.25;
    pool2[i6 + 101] = out3.x;
    pool2[i6 + 126] = out3.y;
    pool2[i6 + 151] = out3.z;
    pool2[i6 + 176] = out3.w;
  }
}
