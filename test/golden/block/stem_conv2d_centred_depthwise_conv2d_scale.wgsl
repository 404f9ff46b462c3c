// stem/conv2d.centred → stem/conv2d.scaled → stem/conv2d.bias_folded
//   stem/conv2d.centred: neg [8] → [8], block.model.ts:19:31
//   stem/conv2d.scaled: mul [8] → [8], block.model.ts:19:31
//   stem/conv2d.bias_folded: add [8] → [8], block.model.ts:19:31
// depthwise/conv2d.variance → depthwise/conv2d.deviation → depthwise/conv2d.scale
//   depthwise/conv2d.variance: add [8] → [8], block.model.ts:22:37
//   depthwise/conv2d.deviation: sqrt [8] → [8], block.model.ts:22:37
//   depthwise/conv2d.scale: div [8] → [8], block.model.ts:22:37
// stem/conv2d.bias_folded[n] = neg(stem/batchNorm2d.running_mean[n]) · stem/conv2d.scale[n] + stem/batchNorm2d.bias[n]
// mapReduce: a thread per position
// depthwise/conv2d.scale[n] = depthwise/batchNorm2d.weight[n] / sqrt(depthwise/batchNorm2d.running_var[n] + 0.00001)
// mapReduce: a thread per position
@group(0) @binding(0) var<storage, read> stem_conv2d_scale: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> stem_batchNorm2d_bias: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> stem_conv2d_bias_folded: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> depthwise_batchNorm2d_running_var: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> depthwise_conv2d_scale: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let every = i32((group.y * groups.x + group.x) * 64u + local);
  if (every < 2) {
    let thread = every - 0;
    let n0 = thread;
    let running0 = stem_conv2d_bias_folded[n0];
    let scale0 = stem_conv2d_scale[n0];
    let bias0 = stem_batchNorm2d_bias[n0];
    stem_conv2d_bias_folded[n0] = ((-running0) * scale0) + bias0;
  } else if (every < 4) {
    let thread = every - 2;
    let n0 = thread;
    let weight0 = depthwise_conv2d_scale[n0];
    let running0 = depthwise_batchNorm2d_running_var[n0];
    let v0 = sqrt((running0 + 0.00001));
    depthwise_conv2d_scale[n0] = weight0 / v0;
  }
}
