// depthwise/conv2d.scale4d → depthwise/conv2d.weight_folded
//   depthwise/conv2d.scale4d: reshape [8, 1, 1, 1] [8] → [8, 1, 1, 1], block.model.ts:22:37
//   depthwise/conv2d.weight_folded: mul broadcast [8, 1, 1, 1] [8, 1, 3, 3] → [8, 1, 3, 3], block.model.ts:22:37
// depthwise/conv2d.weight_folded[n, c, h, w] = depthwise/conv2d.weight[n, 0, h, w] · depthwise/conv2d.scale[n]
// mapReduce: a thread per position
@group(0) @binding(0) var<storage, read> depthwise_conv2d_scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> depthwise_conv2d_weight_folded: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 72) { return; }
  let rest0 = thread / 3;
  let w0 = thread % 3;
  let rest1 = rest0 / 3;
  let h0 = rest0 % 3;
  let n0 = rest1;
  let i0 = h0 * 3 + n0 * 9 + w0;
  let weight0 = depthwise_conv2d_weight_folded[i0];
  let scale0 = depthwise_conv2d_scale[n0];
  depthwise_conv2d_weight_folded[i0] = weight0 * scale0;
}
