// tall
//   tall: conv2d 1 · 5×3, padding 2×1 [N, 1, 8, 8] → [N, 1, 8, 8], padding-stride.ts:9:14  (⌊(8 + 2·2 − 5)/1⌋ + 1 = 8; ⌊(8 + 2·1 − 3)/1⌋ + 1 = 8)
// tall[n, c, h, w] = (Σ_{kh<5, kw<3} (0 ≤ h + kh − 2 < 8 ∧ 0 ≤ kw + w − 1 < 8 ? picture[n, 0, h + kh − 2, kw + w − 1] : 0) · tall.weight[0, 0, kh, kw]) + tall.bias[0]
// contraction: register tile
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> tall_weight: array<f32>;
@group(0) @binding(3) var<storage, read> tall_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> tall: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 8) { return; }
  let rest0 = thread / 8;
  let h0 = thread % 8;
  let n0 = rest0;
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  var acc4 = 0.0;
  var acc5 = 0.0;
  var acc6 = 0.0;
  var acc7 = 0.0;
  let i1 = h0;
  let i3 = h0 * 2 + n0 * 16;
  for (var kh0 = 0; kh0 < 5; kh0++) {
    let i0 = kh0 * 3;
    let weight0 = tall_weight[i0];
    acc0 += 0.0 * weight0;
    let i2 = i1 + kh0;
    let inside0 = i2 - 2 >= 0 && i2 - 2 < 8;
    let i4 = i3 + kh0 * 2;
    let x0 = picture[i4 - 4];
    let v0 = select(0.0, x0.x, inside0);
    acc1 += v0 * weight0;
    let v1 = select(0.0, x0.y, inside0);
    acc2 += v1 * weight0;
    let v2 = select(0.0, x0.z, inside0);
    acc3 += v2 * weight0;
    let v3 = select(0.0, x0.w, inside0);
    acc4 += v3 * weight0;
    let x1 = picture[i4 - 3];
    let v4 = select(0.0, x1.x, inside0);
    acc5 += v4 * weight0;
    let v5 = select(0.0, x1.y, inside0);
    acc6 += v5 * weight0;
    let v6 = select(0.0, x1.z, inside0);
    acc7 += v6 * weight0;
    let weight1 = tall_weight[i0 + 1];
    acc0 += v0 * weight1;
    acc1 += v1 * weight1;
    acc2 += v2 * weight1;
    acc3 += v3 * weight1;
    acc4 += v4 * weight1;
    acc5 += v5 * weight1;
    acc6 += v6 * weight1;
    let v7 = select(0.0, x1.w, inside0);
    acc7 += v7 * weight1;
    let weight2 = tall_weight[i0 + 2];
    acc0 += v1 * weight2;
    acc1 += v2 * weight2;
    acc2 += v3 * weight2;
    acc3 += v4 * weight2;
    acc4 += v5 * weight2;
    acc5 += v6 * weight2;
    acc6 += v7 * weight2;
    acc7 += 0.0 * weight2;
  }
  let bias0 = tall_bias[0];
  let i5 = h0 * 8 + n0 * 64;
  tall[i5] = acc0 + bias0;
  tall[i5 + 1] = acc1 + bias0;
  tall[i5 + 2] = acc2 + bias0;
  tall[i5 + 3] = acc3 + bias0;
  tall[i5 + 4] = acc4 + bias0;
  tall[i5 + 5] = acc5 + bias0;
  tall[i5 + 6] = acc6 + bias0;
  tall[i5 + 7] = acc7 + bias0;
}
