// logits
//   logits: linear 84 → 10 [N, 84] → [N, 10], lenet.ts:16:16
// logits[n, i] = (Σ_{k<84} logits/sigmoid[n, k] · logits.weight[i, k]) + logits.bias[i]
// contraction: register tile 1×2, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits_sigmoid: array<f32>;
@group(0) @binding(2) var<storage, read> logits_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> logits_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> logits: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 5) { return; }
  let rest0 = thread0 / 5;
  let i0 = thread0 % 5;
  let n0 = rest0;
  var acc0 = vec2<f32>(0.0);
  let i1 = n0 * 84;
  for (var k0 = 0; k0 < 84; k0++) {
    let i2 = i1 + k0;
    let x0 = logits_sigmoid[i2];
    let i3 = i0 + k0 * 5;
    let weight0 = logits_weight[i3];
    acc0 += x0 * weight0;
  }
  let bias0 = logits_bias[i0];
  let i4 = n0 * 5 + i0;
  logits[i4] = acc0 + bias0;
}
