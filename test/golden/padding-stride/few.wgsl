// few
//   few: conv2d 1 · 3×5, stride 3×4, padding 0×1 [N, 1, 8, 8] → [N, 1, 2, 2], padding-stride.ts:11:13  (⌊(8 − 3)/3⌋ + 1 = 2; ⌊(8 + 2·1 − 5)/4⌋ + 1 = 2)
// few[n, 0, h, w] = (Σ_{kh<3, kw<5} (0 ≤ w·4 + kw − 1 < 8 ? picture[n, 0, h·3 + kh, w·4 + kw − 1] : 0) · few.weight[0, 0, kh, kw]) + few.bias[0]
// contraction: register tile 1×1×1, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> few_weight: array<f32>;
@group(0) @binding(3) var<storage, read> few_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> few: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 4) { return; }
  let rest0 = thread0 / 2;
  let w0 = thread0 % 2;
  let rest1 = rest0 / 2;
  let h0 = rest0 % 2;
  let n0 = rest1;
  var acc0 = 0.0;
  let i0 = w0 * 4;
  let i1 = n0 * 64 + h0 * 24 + w0 * 4;
  for (var kh0 = 0; kh0 < 3; kh0++) {
    let i2 = i1 + kh0 * 8;
    let i3 = kh0 * 5;
    for (var kw0 = 0; kw0 < 5; kw0++) {
      let i4 = i0 + kw0;
      let inside0 = i4 - 1 >= 0;
      let i5 = i2 + kw0;
      let x0 = picture[i5 - 1];
      let v0 = select(0.0, x0, inside0);
      let i6 = i3 + kw0;
      let weight0 = few_weight[i6];
      acc0 += v0 * weight0;
    }
  }
  let bias0 = few_bias[0];
  let i7 = n0 * 4 + h0 * 2 + w0;
  few[i7] = acc0 + bias0;
}
