// wide
//   wide: maxPool2d 2×3, padding 0×1 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:10:14  (⌊(4 − 2)/2⌋ + 1 = 2; ⌊(4 + 2·1 − 3)/3⌋ + 1 = 2)
// wide[n, 0, h, w] = max_{u<2, v<3} (0 ≤ w·3 + v − 1 < 4 ? picture[n, 0, h·2 + u, w·3 + v − 1] : -3.4028234663852886e+38)
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read_write> wide: array<f32>;

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
  let i0 = w0 * 3;
  let inside0 = i0 - 1 >= 0;
  let i1 = n0 * 16 + h0 * 8 + w0 * 3;
  let x0 = picture[i1 - 1];
  let v0 = select(-3.4028234663852886e+38, x0, inside0);
  let x1 = picture[i1];
  let inside1 = i0 + 1 < 4;
  let x2 = picture[i1 + 1];
  let v1 = select(-3.4028234663852886e+38, x2, inside1);
  let x3 = picture[i1 + 3];
  let v2 = select(-3.4028234663852886e+38, x3, inside0);
  let x4 = picture[i1 + 4];
  let x5 = picture[i1 + 5];
  let v3 = select(-3.4028234663852886e+38, x5, inside1);
  let r0 = max(max(max(max(max(v0, x1), v1), v2), x4), v3);
  let i2 = n0 * 4 + h0 * 2 + w0;
  wide[i2] = r0;
}
