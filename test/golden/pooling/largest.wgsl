// largest
//   largest: maxPool2d 3×3 [N, 1, 4, 4] → [N, 1, 1, 1], pooling.ts:8:17  (⌊(4 − 3)/3⌋ + 1 = 1)
// largest[n, 0, 0, 0] = max_{u<3, v<3} picture[n, 0, u, v]
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> largest: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n)) { return; }
  let n0 = thread0;
  let i0 = n0 * 4;
  let x0 = picture[i0];
  let x1 = picture[i0 + 1];
  let x2 = picture[i0 + 2];
  let r0 = max(max(max(max(max(max(max(max(x0.x, x0.y), x0.z), x1.x), x1.y), x1.z), x2.x), x2.y), x2.z);
  largest[n0] = r0;
}
