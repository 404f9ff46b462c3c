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
  if (thread >= i32(batch.n)) { return; }
  let n0 = thread;
  var acc0 = vec2<f32>(0.0);
  var acc1 = vec2<f32>(0.0);
  var acc2 = vec2<f32>(0.0);
  var acc3 = vec2<f32>(0.0);
  var acc4 = vec2<f32>(0.0);
  var acc5 = vec2<f32>(0.0);
  var acc6 = vec2<f32>(0.0);
  var acc7 = vec2<f32>(0.0);
  var acc8 = vec2<f32>(0.0);
  let i0 = n0 * 27;
  let x0 = picture[i0];
  let weight0 = mixed_weight[0];
  acc0 += x0 * weight0;
  let x1 = picture[i0 + 1];
  acc1 += x1 * weight0;
  let x2 = picture[i0 + 2];
  acc2 += x2 * weight0;
  let x3 = picture[i0 + 3];
  acc3 += x3 * weight0;
  let x4 = picture[i0 + 4];
  acc4 += x4 * weight0;
  let x5 = picture[i0 + 5];
  acc5 += x5 * weight0;
  let x6 = picture[i0 + 6];
  acc6 += x6 * weight0;
  let x7 = picture[i0 + 7];
  acc7 += x7 * weight0;
  let x8 = picture[i0 + 8];
  acc8 += x8 * weight0;
  let x9 = picture[i0 + 9];
  let weight1 = mixed_weight[1];
  acc0 += x9 * weight1;
  let x10 = picture[i0 + 10];
  acc1 += x10 * weight1;
  let x11 = picture[i0 + 11];
  acc2 += x11 * weight1;
  let x12 = picture[i0 + 12];
  acc3 += x12 * weight1;
  let x13 = picture[i0 + 13];
  acc4 += x13 * weight1;
  let x14 = picture[i0 + 14];
  acc5 += x14 * weight1;
  let x15 = picture[i0 + 15];
  acc6 += x15 * weight1;
  let x16 = picture[i0 + 16];
  acc7 += x16 * weight1;
  let x17 = picture[i0 + 17];
  acc8 += x17 * weight1;
  let x18 = picture[i0 + 18];
  let weight2 = mixed_weight[2];
  acc0 += x18 * weight2;
  let x19 = picture[i0 + 19];
  acc1 += x19 * weight2;
  let x20 = picture[i0 + 20];
  acc2 += x20 * weight2;
  let x21 = picture[i0 + 21];
  acc3 += x21 * weight2;
  let x22 = picture[i0 + 22];
  acc4 += x22 * weight2;
  let x23 = picture[i0 + 23];
  acc5 += x23 * weight2;
  let x24 = picture[i0 + 24];
  acc6 += x24 * weight2;
  let x25 = picture[i0 + 25];
  acc7 += x25 * weight2;
  let x26 = picture[i0 + 26];
  acc8 += x26 * weight2;
  let bias0 = mixed_bias[0];
  let out0 = acc0 + bias0;
  let i1 = n0 * 18;
  mixed[i1] = out0.x;
  mixed[i1 + 9] = out0.y;
  let out1 = acc1 + bias0;
  mixed[i1 + 1] = out1.x;
  mixed[i1 + 10] = out1.y;
  let out2 = acc2 + bias0;
  mixed[i1 + 2] = out2.x;
  mixed[i1 + 11] = out2.y;
  let out3 = acc3 + bias0;
  mixed[i1 + 3] = out3.x;
  mixed[i1 + 12] = out3.y;
  let out4 = acc4 + bias0;
  mixed[i1 + 4] = out4.x;
  mixed[i1 + 13] = out4.y;
  let out5 = acc5 + bias0;
  mixed[i1 + 5] = out5.x;
  mixed[i1 + 14] = out5.y;
  let out6 = acc6 + bias0;
  mixed[i1 + 6] = out6.x;
  mixed[i1 + 15] = out6.y;
  let out7 = acc7 + bias0;
  mixed[i1 + 7] = out7.x;
  mixed[i1 + 16] = out7.y;
  let out8 = acc8 + bias0;
  mixed[i1 + 8] = out8.x;
  mixed[i1 + 17] = out8.y;
}
