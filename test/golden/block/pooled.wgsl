// pooled
//   pooled: maxPool2d 3×3, stride 2, padding 1 [N, 8, 16, 16] → [N, 8, 8, 8], block.model.ts:20:16  (⌊(16 + 2·1 − 3)/2⌋ + 1 = 8)
// pooled[n, c, h, w] = max_{u<3, v<3} (0 ≤ h·2 + u − 1 < 16 ∧ 0 ≤ w·2 + v − 1 < 16 ? stem[n, c, h·2 + u − 1, w·2 + v − 1] : -3.4028234663852886e+38)
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> stem: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> pooled: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 512) { return; }
  let rest0 = thread0 / 8;
  let w0 = thread0 % 8;
  let rest1 = rest0 / 8;
  let h0 = rest0 % 8;
  let rest2 = rest1 / 8;
  let c0 = rest1 % 8;
  let n0 = rest2;
  let i0 = h0 * 2;
  let i1 = w0 * 2;
  let inside0 = (i0 - 1 >= 0) & (i1 - 1 >= 0);
  let i2 = n0 * 1024 + c0 * 128 + h0 * 16 + w0;
  let x0 = stem[i2 - 9];
  let v0 = select(-3.4028234663852886e+38, x0.y, inside0);
  let inside1 = i0 - 1 >= 0;
  let x1 = stem[i2 - 8];
  let v1 = select(-3.4028234663852886e+38, x1.x, inside1);
  let v2 = select(-3.4028234663852886e+38, x1.y, inside1);
  let inside2 = i1 - 1 >= 0;
  let x2 = stem[i2 - 1];
  let v3 = select(-3.4028234663852886e+38, x2.y, inside2);
  let x3 = stem[i2];
  let x4 = stem[i2 + 7];
  let v4 = select(-3.4028234663852886e+38, x4.y, inside2);
  let x5 = stem[i2 + 8];
  let r0 = max(max(max(max(max(max(max(max(v0, v1), v2), v3), x3.x), x3.y), v4), x5.x), x5.y);
  let i3 = n0 * 512 + c0 * 64 + h0 * 8 + w0;
  pooled[i3] = r0;
}
