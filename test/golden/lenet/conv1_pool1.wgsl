// conv1 → pool1/sigmoid → pool1
//   conv1: conv2d 6 · 5×5, padding 2 [N, 1, 28, 28] → [N, 6, 28, 28], lenet.ts:7:15  (⌊(28 + 2·2 − 5)/1⌋ + 1 = 28)
//   pool1/sigmoid: sigmoid [N, 6, 28, 28] → [N, 6, 28, 28], lenet.ts:8:25
//   pool1: avgPool2d 2×2 [N, 6, 28, 28] → [N, 6, 14, 14], lenet.ts:8:15  (⌊(28 − 2)/2⌋ + 1 = 14)
// pool1[n, c, h, w] = (Σ_{u<2, v<2} sigmoid((Σ_{kh<5, kw<5} (0 ≤ h·2 + kh + u − 2 < 28 ∧ 0 ≤ kw + v + w·2 − 2 < 28 ? image[n, 0, h·2 + kh + u − 2, kw + v + w·2 − 2] : 0) · conv1.weight[c, 0, kh, kw]) + conv1.bias[c])) · 0.25
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> conv1_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> conv1_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> pool1: array<f32>;

fn sigmoid2(x: vec2<f32>) -> vec2<f32> {
  let e = exp(-abs(x));
  return select(e, vec2<f32>(1.0), x >= vec2<f32>(0.0)) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 98) { return; }
  let rest0 = thread / 14;
  let w0 = thread % 14;
  let rest1 = rest0 / 7;
  let h0 = rest0 % 7;
  let n0 = rest1;
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
  var acc20 = vec2<f32>(0.0);
  var acc21 = vec2<f32>(0.0);
  var acc22 = vec2<f32>(0.0);
  var acc23 = vec2<f32>(0.0);
  let i0 = h0 * 4;
  let i2 = w0 * 2;
  let i4 = h0 * 112 + n0 * 784 + w0 * 2;
  for (var kh0 = 0; kh0 < 5; kh0++) {
    let i1 = i0 + kh0;
    let i5 = i4 + kh0 * 28;
    let i7 = kh0 * 15;
    for (var kw0 = 0; kw0 < 5; kw0++) {
      let i3 = i2 + kw0;
      let inside0 = i1 - 2 >= 0 && i3 - 2 >= 0 && i3 - 2 < 28;
      let i6 = i5 + kw0;
      let x0 = image[i6 - 58];
      let v0 = select(0.0, x0, inside0);
      let i8 = i7 + kw0 * 3;
      let weight0 = conv1_weight[i8];
      acc0 += v0 * weight0;
      let inside1 = i1 - 2 >= 0 && i3 - 1 >= 0 && i3 - 1 < 28;
      let x1 = image[i6 - 57];
      let v1 = select(0.0, x1, inside1);
      acc1 += v1 * weight0;
      let inside2 = i1 - 1 >= 0 && i3 - 2 >= 0 && i3 - 2 < 28;
      let x2 = image[i6 - 30];
      let v2 = select(0.0, x2, inside2);
      acc2 += v2 * weight0;
      let inside3 = i1 - 1 >= 0 && i3 - 1 >= 0 && i3 - 1 < 28;
      let x3 = image[i6 - 29];
      let v3 = select(0.0, x3, inside3);
      acc3 += v3 * weight0;
      let inside4 = i1 < 28 && i3 - 2 >= 0 && i3 - 2 < 28;
      let x4 = image[i6 - 2];
      let v4 = select(0.0, x4, inside4);
      acc4 += v4 * weight0;
      let inside5 = i1 < 28 && i3 - 1 >= 0 && i3 - 1 < 28;
      let x5 = image[i6 - 1];
      let v5 = select(0.0, x5, inside5);
      acc5 += v5 * weight0;
      let inside6 = i1 + 1 < 28 && i3 - 2 >= 0 && i3 - 2 < 28;
      let x6 = image[i6 + 26];
      let v6 = select(0.0, x6, inside6);
      acc6 += v6 * weight0;
      let inside7 = i1 + 1 < 28 && i3 - 1 >= 0 && i3 - 1 < 28;
      let x7 = image[i6 + 27];
      let v7 = select(0.0, x7, inside7);
      acc7 += v7 * weight0;
      let weight1 = conv1_weight[i8 + 1];
      acc8 += v0 * weight1;
      acc9 += v1 * weight1;
      acc10 += v2 * weight1;
      acc11 += v3 * weight1;
      acc12 += v4 * weight1;
      acc13 += v5 * weight1;
      acc14 += v6 * weight1;
      acc15 += v7 * weight1;
      let weight2 = conv1_weight[i8 + 2];
      acc16 += v0 * weight2;
      acc17 += v1 * weight2;
      acc18 += v2 * weight2;
      acc19 += v3 * weight2;
      acc20 += v4 * weight2;
      acc21 += v5 * weight2;
      acc22 += v6 * weight2;
      acc23 += v7 * weight2;
    }
  }
  let bias0 = conv1_bias[0];
  let v8 = sigmoid2((acc0 + bias0));
  let v9 = sigmoid2((acc1 + bias0));
  let v10 = sigmoid2((acc2 + bias0));
  let v11 = sigmoid2((acc3 + bias0));
  let r0 = v8 + v9 + v10 + v11;
  let out0 = r0 * 0.25;
  let i9 = h0 * 28 + n0 * 1176 + w0;
  pool1[i9] = out0.x;
  pool1[i9 + 196] = out0.y;
  let v12 = sigmoid2((acc4 + bias0));
  let v13 = sigmoid2((acc5 + bias0));
  let v14 = sigmoid2((acc6 + bias0));
  let v15 = sigmoid2((acc7 + bias0));
  let r1 = v12 + v13 + v14 + v15;
  let out1 = r1 * 0.25;
  pool1[i9 + 14] = out1.x;
  pool1[i9 + 210] = out1.y;
  let bias1 = conv1_bias[1];
  let v16 = sigmoid2((acc8 + bias1));
  let v17 = sigmoid2((acc9 + bias1));
  let v18 = sigmoid2((acc10 + bias1));
  let v19 = sigmoid2((acc11 + bias1));
  let r2 = v16 + v17 + v18 + v19;
  let out2 = r2 * 0.25;
  pool1[i9 + 392] = out2.x;
  pool1[i9 + 588] = out2.y;
  let v20 = sigmoid2((acc12 + bias1));
  let v21 = sigmoid2((acc13 + bias1));
  let v22 = sigmoid2((acc14 + bias1));
  let v23 = sigmoid2((acc15 + bias1));
  let r3 = v20 + v21 + v22 + v23;
  let out3 = r3 * 0.25;
  pool1[i9 + 406] = out3.x;
  pool1[i9 + 602] = out3.y;
  let bias2 = conv1_bias[2];
  let v24 = sigmoid2((acc16 + bias2));
  let v25 = sigmoid2((acc17 + bias2));
  let v26 = sigmoid2((acc18 + bias2));
  let v27 = sigmoid2((acc19 + bias2));
  let r4 = v24 + v25 + v26 + v27;
  let out4 = r4 * 0.25;
  pool1[i9 + 784] = out4.x;
  pool1[i9 + 980] = out4.y;
  let v28 = sigmoid2((acc20 + bias2));
  let v29 = sigmoid2((acc21 + bias2));
  let v30 = sigmoid2((acc22 + bias2));
  let v31 = sigmoid2((acc23 + bias2));
  let r5 = v28 + v29 + v30 + v31;
  let out5 = r5 * 0.25;
  pool1[i9 + 798] = out5.x;
  pool1[i9 + 994] = out5.y;
}
