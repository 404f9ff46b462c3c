// mixed
//   mixed: conv2d 2 · 1×1 [N, 3, 3, 3] → [N, 2, 3, 3], one-by-one.ts:9:15  (⌊(3 − 1)/1⌋ + 1 = 3)
// mixed[n, c, h, w] = (Σ_{c′<3} picture[n, c′, h, w] · mixed.weight[c, c′, 0, 0]) + mixed.bias[c]
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> mixed_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> mixed_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> mixed: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 3) { return; }
  let rest0 = thread / 3;
  let w0 = thread % 3;
  let n0 = rest0;
  var acc0 = vec2<f32>(0.0);
  var acc1 = vec2<f32>(0.0);
  var acc2 = vec2<f32>(0.0);
  let i0 = n0 * 27 + w0;
  let x0 = picture[i0];
  let weight0 = mixed_weight[0];
  acc0 += x0 * weight0;
  let x1 = picture[i0 + 3];
  acc1 += x1 * weight0;
  let x2 = picture[i0 + 6];
  acc2 += x2 * weight0;
  let x3 = picture[i0 + 9];
  let weight1 = mixed_weight[1];
  acc0 += x3 * weight1;
  let x4 = picture[i0 + 12];
  acc1 += x4 * weight1;
  let x5 = picture[i0 + 15];
  acc2 += x5 * weight1;
  let x6 = picture[i0 + 18];
  let weight2 = mixed_weight[2];
  acc0 += x6 * weight2;
  let x7 = picture[i0 + 21];
  acc1 += x7 * weight2;
  let x8 = picture[i0 + 24];
  acc2 += x8 * weight2;
  let bias0 = mixed_bias[0];
  let out0 = acc0 + bias0;
  let i1 = n0 * 18 + w0;
  mixed[i1] = out0.x;
  mixed[i1 + 9] = out0.y;
  let out1 = acc1 + bias0;
  mixed[i1 + 3] = out1.x;
  mixed[i1 + 12] = out1.y;
  let out2 = acc2 + bias0;
  mixed[i1 + 6] = out2.x;
  mixed[i1 + 15] = out2.y;
}
