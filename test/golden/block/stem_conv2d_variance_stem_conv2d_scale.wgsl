// stem/conv2d.variance → stem/conv2d.deviation → stem/conv2d.scale
//   stem/conv2d.variance: add [8] → [8], block.model.ts:19:31
//   stem/conv2d.deviation: sqrt [8] → [8], block.model.ts:19:31
//   stem/conv2d.scale: div [8] → [8], block.model.ts:19:31
// stem/conv2d.scale[n] = stem/batchNorm2d.weight[n] / sqrt(stem/batchNorm2d.running_var[n] + 0.00001)
// mapReduce: a thread per position
@group(0) @binding(0) var<storage, read> stem_batchNorm2d_running_var: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> stem_conv2d_scale: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 2) { return; }
  let n0 = thread;
  let weight0 = stem_conv2d_scale[n0];
  let running0 = stem_batchNorm2d_running_var[n0];
  let v0 = sqrt((running0 + 0.00001));
  stem_conv2d_scale[n0] = weight0 / v0;
}
