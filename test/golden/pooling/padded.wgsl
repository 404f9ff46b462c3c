// padded
//   padded: maxPool2d 3×3, stride 2, padding 1 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:9:16  (⌊(4 + 2·1 − 3)/2⌋ + 1 = 2)
// padded[n, 0, h, w] = max_{u<3, v<3} (0 ≤ h·2 + u − 1 < 4 ∧ 0 ≤ w·2 + v − 1 < 4 ? picture[n, 0, h·2 + u − 1, w·2 + v − 1] : -3.4028234663852886e+38)
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> padded: array<f32>;

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
  let i2 = n0 * 8 + h0 * 4 + w0;
  let x0 = picture[i2 - 3];
  let v0 = select(-3.4028234663852886e+38, x0.y, inside0);
  let inside1 = i0 - 1 >= 0;
  let x1 = picture[i2 - 2];
  let v1 = select(-3.4028234663852886e+38, x1.x, inside1);
  let v2 = select(-3.4028234663852886e+38, x1.y, inside1);
  let inside2 = i1 - 1 >= 0;
  let x2 = picture[i2 - 1];
  let v3 = select(-3.4028234663852886e+38, x2.y, inside2);
  let x3 = picture[i2];
  let x4 = picture[i2 + 1];
  let v4 = select(-3.4028234663852886e+38, x4.y, inside2);
  let x5 = picture[i2 + 2];
  let r0 = max(max(max(max(max(max(max(max(v0, v1), v2), v3), x3.x), x3.y), v4), x5.x), x5.y);
  let i3 = n0 * 4 + h0 * 2 + w0;
  padded[i3] = r0;
}
