// same
//   same: conv2d 1 · 3×3, padding 1 [N, 1, 8, 8] → [N, 1, 8, 8], padding-stride.ts:8:14  (⌊(8 + 2·1 − 3)/1⌋ + 1 = 8)
// same[n, 0, h, w] = (Σ_{kh<3, kw<3} (0 ≤ h + kh − 1 < 8 ∧ 0 ≤ w + kw − 1 < 8 ? picture[n, 0, h + kh − 1, w + kw − 1] : 0) · same.weight[0, 0, kh, kw]) + same.bias[0]
// contraction: register tile 1×2×1, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> same_weight: array<f32>;
@group(0) @binding(3) var<storage, read> same_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> same: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 32) { return; }
  let rest0 = thread0 / 8;
  let w0 = thread0 % 8;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let n0 = rest1;
  var acc0 = 0.0;
  var acc1 = 0.0;
  let i0 = h0 * 2;
  let i1 = n0 * 64 + h0 * 16 + w0;
  for (var kh0 = 0; kh0 < 3; kh0++) {
    let i2 = i0 + kh0;
    let i3 = i1 + kh0 * 8;
    let i4 = kh0 * 3;
    for (var kw0 = 0; kw0 < 3; kw0++) {
      let i5 = w0 + kw0;
      let inside0 = (i2 - 1 >= 0) & (i5 - 1 >= 0) & (i5 - 1 < 8);
      let i6 = i3 + kw0;
      let x0 = picture[i6 - 9];
      let v0 = select(0.0, x0, inside0);
      let i7 = i4 + kw0;
      let weight0 = same_weight[i7];
      let inside1 = (i2 < 8) & (i5 - 1 >= 0) & (i5 - 1 < 8);
      let x1 = picture[i6 - 1];
      let v1 = select(0.0, x1, inside1);
      acc0 += v0 * weight0;
      acc1 += v1 * weight0;
    }
  }
  let bias0 = same_bias[0];
  same[i1] = acc0 + bias0;
  same[i1 + 8] = acc1 + bias0;
}
