// half
//   half: conv2d 1 · 3×3, stride 2, padding 1 [N, 1, 8, 8] → [N, 1, 4, 4], padding-stride.ts:10:14  (⌊(8 + 2·1 − 3)/2⌋ + 1 = 4)
// half[n, 0, h, w] = (Σ_{kh<3, kw<3} (0 ≤ h·2 + kh − 1 < 8 ∧ 0 ≤ w·2 + kw − 1 < 8 ? picture[n, 0, h·2 + kh − 1, w·2 + kw − 1] : 0) · half.weight[0, 0, kh, kw]) + half.bias[0]
// contraction: register tile 1×1×1, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> half_weight: array<f32>;
@group(0) @binding(3) var<storage, read> half_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> half: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 16) { return; }
  let rest0 = thread0 / 4;
  let w0 = thread0 % 4;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let n0 = rest1;
  var acc0 = 0.0;
  let i0 = h0 * 2;
  let i1 = w0 * 2;
  let i2 = n0 * 64 + h0 * 16 + w0 * 2;
  for (var kh0 = 0; kh0 < 3; kh0++) {
    let i3 = i0 + kh0;
    let i4 = i2 + kh0 * 8;
    let i5 = kh0 * 3;
    for (var kw0 = 0; kw0 < 3; kw0++) {
      let i6 = i1 + kw0;
      let inside0 = (i3 - 1 >= 0) & (i6 - 1 >= 0);
      let i7 = i4 + kw0;
      let x0 = picture[i7 - 9];
      let v0 = select(0.0, x0, inside0);
      let i8 = i5 + kw0;
      let weight0 = half_weight[i8];
      acc0 += v0 * weight0;
    }
  }
  let bias0 = half_bias[0];
  let i9 = n0 * 16 + h0 * 4 + w0;
  half[i9] = acc0 + bias0;
}
