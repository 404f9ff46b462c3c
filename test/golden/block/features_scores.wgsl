// features → scores
//   features: flatten [N, 8, 1, 1] → [N, 8], block.model.ts:26:18  (8·1·1 = 8)
//   scores: linear 8 → 5 [N, 8] → [N, 5], block.model.ts:27:16
// scores[n, i] = (Σ_{k<8} features/globalAvgPool2d[n, k, 0, 0] · scores.weight[i, k]) + scores.bias[i]
// contraction: register tile 1×1, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> features_globalAvgPool2d: array<f32>;
@group(0) @binding(2) var<storage, read> scores_weight: array<f32>;
@group(0) @binding(3) var<storage, read> scores_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 5) { return; }
  let rest0 = thread0 / 5;
  let i0 = thread0 % 5;
  let n0 = rest0;
  var acc0 = 0.0;
  let i1 = n0 * 8;
  for (var k0 = 0; k0 < 8; k0++) {
    let i2 = i1 + k0;
    let x0 = features_globalAvgPool2d[i2];
    let i3 = i0 + k0 * 5;
    let weight0 = scores_weight[i3];
    acc0 += x0 * weight0;
  }
  let bias0 = scores_bias[i0];
  let i4 = n0 * 5 + i0;
  scores[i4] = acc0 + bias0;
}
