// conv2 → sigmoid2 → pool2
//   conv2: conv2d 16 · 5×5 [N, 6, 14, 14] → [N, 16, 10, 10], lenet-chain.ts:10:3  (⌊(14 − 5)/1⌋ + 1 = 10)
//   sigmoid2: sigmoid [N, 16, 10, 10] → [N, 16, 10, 10], lenet-chain.ts:11:3
//   pool2: avgPool2d 2×2 [N, 16, 10, 10] → [N, 16, 5, 5], lenet-chain.ts:12:3  (⌊(10 − 2)/2⌋ + 1 = 5)
// pool2[n, c, h, w] = (Σ_{u<2, v<2} sigmoid((Σ_{c′<6, kh<5, kw<5} pool1[n, c′, h·2 + kh + u, kw + v + w·2] · conv2.weight[c, c′, kh, kw]) + conv2.bias[c])) · 0.25
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> pool1: array<f32>;
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
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 25) { return; }
  let rest0 = thread / 5;
  let w0 = thread % 5;
  let rest1 = rest0 / 5;
  let h0 = rest0 % 5;
  let n0 = rest1;
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
  let i0 = h0 * 28 + n0 * 1176 + w0 * 2;
  for (var c1 = 0; c1 < 6; c1++) {
    let i1 = i0 + c1 * 196;
    let i4 = c1 * 100;
    for (var kh0 = 0; kh0 < 5; kh0++) {
      let i2 = i1 + kh0 * 14;
      let i5 = i4 + kh0 * 20;
      for (var kw0 = 0; kw0 < 5; kw0++) {
        let i3 = i2 + kw0;
        let x0 = pool1[i3];
        let i6 = i5 + kw0 * 4;
        let weight0 = conv2_weight[i6];
        acc0 += x0 * weight0;
        let x1 = pool1[i3 + 1];
        acc1 += x1 * weight0;
        let x2 = pool1[i3 + 14];
        acc2 += x2 * weight0;
        let x3 = pool1[i3 + 15];
        acc3 += x3 * weight0;
        let weight1 = conv2_weight[i6 + 1];
        acc4 += x0 * weight1;
        acc5 += x1 * weight1;
        acc6 += x2 * weight1;
        acc7 += x3 * weight1;
        let weight2 = conv2_weight[i6 + 2];
        acc8 += x0 * weight2;
        acc9 += x1 * weight2;
        acc10 += x2 * weight2;
        acc11 += x3 * weight2;
        let weight3 = conv2_weight[i6 + 3];
        acc12 += x0 * weight3;
        acc13 += x1 * weight3;
        acc14 += x2 * weight3;
        acc15 += x3 * weight3;
      }
    }
  }
  let bias0 = conv2_bias[0];
  let v0 = sigmoid4((acc0 + bias0));
  let v1 = sigmoid4((acc1 + bias0));
  let v2 = sigmoid4((acc2 + bias0));
  let v3 = sigmoid4((acc3 + bias0));
  let r0 = v0 + v1 + v2 + v3;
  let out0 = r0 * 0.25;
  let i7 = h0 * 5 + n0 * 400 + w0;
  pool2[i7] = out0.x;
  pool2[i7 + 25] = out0.y;
  pool2[i7 + 50] = out0.z;
  pool2[i7 + 75] = out0.w;
  let bias1 = conv2_bias[1];
  let v4 = sigmoid4((acc4 + bias1));
  let v5 = sigmoid4((acc5 + bias1));
  let v6 = sigmoid4((acc6 + bias1));
  let v7 = sigmoid4((acc7 + bias1));
  let r1 = v4 + v5 + v6 + v7;
  let out1 = r1 * 0.25;
  pool2[i7 + 100] = out1.x;
  pool2[i7 + 125] = out1.y;
  pool2[i7 + 150] = out1.z;
  pool2[i7 + 175] = out1.w;
  let bias2 = conv2_bias[2];
  let v8 = sigmoid4((acc8 + bias2));
  let v9 = sigmoid4((acc9 + bias2));
  let v10 = sigmoid4((acc10 + bias2));
  let v11 = sigmoid4((acc11 + bias2));
  let r2 = v8 + v9 + v10 + v11;
  let out2 = r2 * 0.25;
  pool2[i7 + 200] = out2.x;
  pool2[i7 + 225] = out2.y;
  pool2[i7 + 250] = out2.z;
  pool2[i7 + 275] = out2.w;
  let bias3 = conv2_bias[3];
  let v12 = sigmoid4((acc12 + bias3));
  let v13 = sigmoid4((acc13 + bias3));
  let v14 = sigmoid4((acc14 + bias3));
  let v15 = sigmoid4((acc15 + bias3));
  let r3 = v12 + v13 + v14 + v15;
  let out3 = r3 * 0.25;
  pool2[i7 + 300] = out3.x;
  pool2[i7 + 325] = out3.y;
  pool2[i7 + 350] = out3.z;
  pool2[i7 + 375] = out3.w;
}
