// padded → wide → average
//   padded: maxPool2d 3×3, stride 2, padding 1 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:9:16  (⌊(4 + 2·1 − 3)/2⌋ + 1 = 2)
//   wide: maxPool2d 2×3, padding 0×1 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:10:14  (⌊(4 − 2)/2⌋ + 1 = 2; ⌊(4 + 2·1 − 3)/3⌋ + 1 = 2)
//   average: avgPool2d 2×2 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:11:17  (⌊(4 − 2)/2⌋ + 1 = 2)
// padded[n, 0, h, w] = max_{u<3, v<3} (0 ≤ h·2 + u − 1 < 4 ∧ 0 ≤ w·2 + v − 1 < 4 ? picture[n, 0, h·2 + u − 1, w·2 + v − 1] : -3.4028234663852886e+38)
// wide[n, 0, h, w] = max_{u′<2, v′<3} (0 ≤ w·3 + v′ − 1 < 4 ? picture[n, 0, h·2 + u′, w·3 + v′ − 1] : -3.4028234663852886e+38)
// average[n, 0, h, w] = (Σ_{u′′<2, v′′<2} picture[n, 0, h·2 + u′′, w·2 + v′′]) · 0.25
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read_write> padded: array<f32>;
@group(0) @binding(3) var<storage, read_write> wide: array<f32>;
@group(0) @binding(4) var<storage, read_write> average: array<f32>;

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
  let i0 = h0 * 2;
  let i1 = w0 * 2;
  let inside0 = (i0 - 1 >= 0) & (i1 - 1 >= 0);
  let i2 = n0 * 16 + h0 * 8 + w0 * 2;
  let x0 = picture[i2 - 5];
  let v0 = select(-3.4028234663852886e+38, x0, inside0);
  let inside1 = i0 - 1 >= 0;
  let x1 = picture[i2 - 4];
  let v1 = select(-3.4028234663852886e+38, x1, inside1);
  let x2 = picture[i2 - 3];
  let v2 = select(-3.4028234663852886e+38, x2, inside1);
  let inside2 = i1 - 1 >= 0;
  let x3 = picture[i2 - 1];
  let v3 = select(-3.4028234663852886e+38, x3, inside2);
  let x4 = picture[i2];
  let x5 = picture[i2 + 1];
  let x6 = picture[i2 + 3];
  let v4 = select(-3.4028234663852886e+38, x6, inside2);
  let x7 = picture[i2 + 4];
  let x8 = picture[i2 + 5];
  let r0 = max(max(max(max(max(max(max(max(v0, v1), v2), v3), x4), x5), v4), x7), x8);
  let out0 = r0;
  let i3 = w0 * 3;
  let inside3 = i3 - 1 >= 0;
  let i4 = n0 * 16 + h0 * 8 + w0 * 3;
  let x9 = picture[i4 - 1];
  let v5 = select(-3.4028234663852886e+38, x9, inside3);
  let x10 = picture[i4];
  let inside4 = i3 + 1 < 4;
  let x11 = picture[i4 + 1];
  let v6 = select(-3.4028234663852886e+38, x11, inside4);
  let x12 = picture[i4 + 3];
  let v7 = select(-3.4028234663852886e+38, x12, inside3);
  let x13 = picture[i4 + 4];
  let x14 = picture[i4 + 5];
  let v8 = select(-3.4028234663852886e+38, x14, inside4);
  let r1 = max(max(max(max(max(v5, x10), v6), v7), x13), v8);
  let out1 = r1;
  let r2 = x4 + x5 + x7 + x8;
  let out2 = r2 * 0.25;
  let i5 = n0 * 4 + h0 * 2 + w0;
  padded[i5] = out0;
  wide[i5] = out1;
  average[i5] = out2;
}
