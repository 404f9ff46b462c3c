// depthwise/conv2d.centred → depthwise/conv2d.scaled → depthwise/conv2d.bias_folded
//   depthwise/conv2d.centred: sub [8] → [8], block.model.ts:22:37
//   depthwise/conv2d.scaled: mul [8] → [8], block.model.ts:22:37
//   depthwise/conv2d.bias_folded: add [8] → [8], block.model.ts:22:37
// depthwise/conv2d.bias_folded[n] = (depthwise/conv2d.bias[n] − depthwise/batchNorm2d.running_mean[n]) · depthwise/conv2d.scale[n] + depthwise/batchNorm2d.bias[n]
// mapReduce: a thread per position
@group(0) @binding(0) var<storage, read> depthwise_batchNorm2d_running_mean: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> depthwise_conv2d_scale: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> depthwise_batchNorm2d_bias: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> depthwise_conv2d_bias_folded: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 2) { return; }
  let n0 = thread;
  let bias0 = depthwise_conv2d_bias_folded[n0];
  let running0 = depthwise_batchNorm2d_running_mean[n0];
  let scale0 = depthwise_conv2d_scale[n0];
  let bias1 = depthwise_batchNorm2d_bias[n0];
  depthwise_conv2d_bias_folded[n0] = ((bias0 - running0) * scale0) + bias1;
}
