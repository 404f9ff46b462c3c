// stem/batchNorm2d.affine
//   stem/batchNorm2d.affine: scaleAndShift [8] → [2, 8], block.model.ts:19:19
// depthwise/batchNorm2d.affine
//   depthwise/batchNorm2d.affine: scaleAndShift [8] → [2, 8], block.model.ts:22:25
// stem/batchNorm2d.affine[n, i] = (0 ≤ n < 1 ? stem/batchNorm2d.weight[i] / sqrt(stem/batchNorm2d.running_var[i] + 0.00001) : (stem/batchNorm2d.bias[i] − stem/batchNorm2d.running_mean[i] · (stem/batchNorm2d.weight[i] / sqrt(stem/batchNorm2d.running_var[i] + 0.00001))))
// mapReduce: thread per position, workgroup 64
@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> running_var: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> running_mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= 16) { return; }
  let rest0 = thread0 / 8;
  let i0 = thread0 % 8;
  let n0 = rest0;
  let inside0 = n0 < 1;
  let weight0 = weight[i0];
  let running_var0 = running_var[i0];
  let v0 = sqrt(running_var0 + 0.00001);
  let bias0 = bias[i0];
  let running_mean0 = running_mean[i0];
  let v1 = select(bias0 - running_mean0 * (weight0 / v0), weight0 / v0, inside0);
  let i1 = n0 * 8 + i0;
  y[i1] = v1;
}
