// classes
//   classes: softmax [N, 5] → [N, 5], block.model.ts:28:17
// classes[n, i] = exp(scores[n, i] − (max_{j<5} scores[n, j])) / (Σ_{k<5} exp(scores[n, k] − (max_{j<5} scores[n, j])))
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read_write> classes: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 5) { return; }
  let rest0 = thread0 / 5;
  let i0 = thread0 % 5;
  let n0 = rest0;
  let i1 = n0 * 5 + i0;
  let x0 = scores[i1];
  let i2 = n0 * 5;
  let x1 = scores[i2];
  let x2 = scores[i2 + 1];
  let x3 = scores[i2 + 2];
  let x4 = scores[i2 + 3];
  let x5 = scores[i2 + 4];
  let r0 = max(max(max(max(x1, x2), x3), x4), x5);
  let v0 = exp(x0 - r0);
  let v1 = exp(x1 - r0);
  let v2 = exp(x2 - r0);
  let v3 = exp(x3 - r0);
  let v4 = exp(x4 - r0);
  let v5 = exp(x5 - r0);
  let r1 = v1 + v2 + v3 + v4 + v5;
  classes[i1] = v0 / r1;
}
