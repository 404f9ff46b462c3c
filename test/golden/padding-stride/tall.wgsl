// tall
//   tall: conv2d 1 · 5×3, padding 2×1 [N, 1, 8, 8] → [N, 1, 8, 8], padding-stride.ts:9:14  (⌊(8 + 2·2 − 5)/1⌋ + 1 = 8; ⌊(8 + 2·1 − 3)/1⌋ + 1 = 8)
// tall[n, 0, h, w] = (Σ_{kh<5, kw<3} (0 ≤ h + kh − 2 < 8 ∧ 0 ≤ w + kw − 1 < 8 ? picture[n, 0, h + kh − 2, w + kw − 1] : 0) · tall.weight[0, 0, kh, kw]) + tall.bias[0]
// contraction: register tile 1×1×2, unroll 1×2, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> tall_weight: array<f32>;
@group(0) @binding(3) var<storage, read> tall_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> tall: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 32) { return; }
  let rest0 = thread0 / 4;
  let w0 = thread0 % 4;
  let rest1 = rest0 / 8;
  let h0 = rest0 % 8;
  let n0 = rest1;
  var acc0 = 0.0;
  var acc1 = 0.0;
  let i0 = w0 * 2;
  let i1 = n0 * 64 + h0 * 8 + w0 * 2;
  for (var kh0 = 0; kh0 < 5; kh0++) {
    let i2 = h0 + kh0;
    let inside0 = (i2 - 2 >= 0) & (i2 - 2 < 8) & (i0 - 1 >= 0);
    let i3 = i1 + kh0 * 8;
    let x0 = picture[i3 - 17];
    let v0 = select(0.0, x0, inside0);
    let i4 = kh0 * 3;
    let weight0 = tall_weight[i4];
    let inside1 = (i2 - 2 >= 0) & (i2 - 2 < 8);
    let x1 = picture[i3 - 16];
    let v1 = select(0.0, x1, inside1);
    let weight1 = tall_weight[i4 + 1];
    let x2 = picture[i3 - 15];
    let v2 = select(0.0, x2, inside1);
    for (var kw0 = 0; kw0 < 1; kw0++) {
      acc0 += v0 * weight0 + v1 * weight1;
      acc1 += v1 * weight0 + v2 * weight1;
    }
    let weight2 = tall_weight[i4 + 2];
    let inside2 = (i2 - 2 >= 0) & (i2 - 2 < 8) & (i0 + 2 < 8);
    let x3 = picture[i3 - 14];
    let v3 = select(0.0, x3, inside2);
    acc0 += v2 * weight2;
    acc1 += v3 * weight2;
  }
  let bias0 = tall_bias[0];
  tall[i1] = acc0 + bias0;
  tall[i1 + 1] = acc1 + bias0;
}
