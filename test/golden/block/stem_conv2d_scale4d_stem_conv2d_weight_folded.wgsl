// stem/conv2d.scale4d → stem/conv2d.weight_folded
//   stem/conv2d.scale4d: reshape [8, 1, 1, 1] [8] → [8, 1, 1, 1], block.model.ts:19:31
//   stem/conv2d.weight_folded: mul broadcast [8, 1, 1, 1] [8, 3, 3, 3] → [8, 3, 3, 3], block.model.ts:19:31
// stem/conv2d.weight_folded[n, c, h, w] = stem/conv2d.weight[n, c, h, w] · stem/conv2d.scale[n]
// mapReduce: a thread per position
@group(0) @binding(0) var<storage, read> stem_conv2d_scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> stem_conv2d_weight_folded: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 216) { return; }
  let rest0 = thread / 3;
  let w0 = thread % 3;
  let rest1 = rest0 / 3;
  let h0 = rest0 % 3;
  let rest2 = rest1 / 3;
  let c0 = rest1 % 3;
  let n0 = rest2;
  let i0 = c0 * 72 + h0 * 24 + n0 + w0 * 8;
  let weight0 = stem_conv2d_weight_folded[i0];
  let scale0 = stem_conv2d_scale[n0];
  stem_conv2d_weight_folded[i0] = weight0 * scale0;
}
