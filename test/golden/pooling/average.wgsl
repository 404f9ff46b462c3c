// average
//   average: avgPool2d 2×2 [N, 1, 4, 4] → [N, 1, 2, 2], pooling.ts:11:17  (⌊(4 − 2)/2⌋ + 1 = 2)
// average[n, 0, h, w] = (Σ_{u<2, v<2} picture[n, 0, h·2 + u, w·2 + v]) · 0.25
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> average: array<f32>;

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
  let i0 = n0 * 8 + h0 * 4 + w0;
  let x0 = picture[i0];
  let x1 = picture[i0 + 2];
  let r0 = x0.x + x0.y + x1.x + x1.y;
  let i1 = n0 * 4 + h0 * 2 + w0;
  average[i1] = r0 * 0.25;
}
