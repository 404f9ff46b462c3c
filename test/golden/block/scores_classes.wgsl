// scores → classes
//   scores: linear 1 → 5 [N, 8, 1, 1] → [N, 8, 1, 5], block.model.ts:26:16
//   classes: softmax [N, 8, 1, 5] → [N, 8, 1, 5], block.model.ts:27:17
// classes[n, c, h, w] = exp(features[n, c, 0, 0] · scores.weight[w, 0] + scores.bias[w] − (max_{j<5} (features[n, c, 0, 0] · scores.weight[j, 0] + scores.bias[j]))) / (Σ_{k<5} exp(features[n, c, 0, 0] · scores.weight[k, 0] + scores.bias[k] − (max_{j<5} (features[n, c, 0, 0] · scores.weight[j, 0] + scores.bias[j]))))
// mapReduce: a thread per position
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> features: array<f32>;
@group(0) @binding(2) var<storage, read> scores_weight: array<f32>;
@group(0) @binding(3) var<storage, read> scores_bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> classes: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 40) { return; }
  let rest0 = thread / 5;
  let w0 = thread % 5;
  let rest1 = rest0 / 8;
  let c0 = rest0 % 8;
  let n0 = rest1;
  let i0 = c0 + n0 * 8;
  let x0 = features[i0];
  let weight0 = scores_weight[w0];
  let bias0 = scores_bias[w0];
  let weight1 = scores_weight[0];
  let bias1 = scores_bias[0];
  let weight2 = scores_weight[1];
  let bias2 = scores_bias[1];
  let weight3 = scores_weight[2];
  let bias3 = scores_bias[2];
  let weight4 = scores_weight[3];
  let bias4 = scores_bias[3];
  let weight5 = scores_weight[4];
  let bias5 = scores_bias[4];
  let r0 = max(max(max(max(((x0 * weight1) + bias1), ((x0 * weight2) + bias2)), ((x0 * weight3) + bias3)), ((x0 * weight4) + bias4)), ((x0 * weight5) + bias5));
  let v0 = exp((((x0 * weight0) + bias0) - r0));
  let v1 = exp((((x0 * weight1) + bias1) - r0));
  let v2 = exp((((x0 * weight2) + bias2) - r0));
  let v3 = exp((((x0 * weight3) + bias3) - r0));
  let v4 = exp((((x0 * weight4) + bias4) - r0));
  let v5 = exp((((x0 * weight5) + bias5) - r0));
  let r1 = v1 + v2 + v3 + v4 + v5;
  let i1 = c0 * 5 + n0 * 40 + w0;
  classes[i1] = v0 / r1;
}
