// pointwise → block/add → block
//   pointwise: conv2d 8 · 1×1 [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:23:19  (⌊(8 − 1)/1⌋ + 1 = 8)
//   block/add: add [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:24:20
//   block: relu [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:24:15
// block[n, c, h, w] = max((Σ_{c′<8} depthwise[n, c′, h, w] · pointwise.weight[c, c′, 0, 0]) + pointwise.bias[c] + pooled[n, c, h, w], 0)
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> depthwise: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> pointwise_weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> pointwise_bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> pooled: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> block: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 32) { return; }
  let rest0 = thread / 4;
  let w0 = thread % 4;
  let rest1 = rest0 / 8;
  let h0 = rest0 % 8;
  let n0 = rest1;
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  var acc2 = vec4<f32>(0.0);
  var acc3 = vec4<f32>(0.0);
  let i0 = h0 * 4 + n0 * 256 + w0;
  let x0 = depthwise[i0];
  let weight0 = pointwise_weight[0];
  acc0 += x0.x * weight0;
  acc1 += x0.y * weight0;
  let weight1 = pointwise_weight[1];
  acc2 += x0.x * weight1;
  acc3 += x0.y * weight1;
  let x1 = depthwise[i0 + 32];
  let weight2 = pointwise_weight[2];
  acc0 += x1.x * weight2;
  acc1 += x1.y * weight2;
  let weight3 = pointwise_weight[3];
  acc2 += x1.x * weight3;
  acc3 += x1.y * weight3;
  let x2 = depthwise[i0 + 64];
  let weight4 = pointwise_weight[4];
  acc0 += x2.x * weight4;
  acc1 += x2.y * weight4;
  let weight5 = pointwise_weight[5];
  acc2 += x2.x * weight5;
  acc3 += x2.y * weight5;
  let x3 = depthwise[i0 + 96];
  let weight6 = pointwise_weight[6];
  acc0 += x3.x * weight6;
  acc1 += x3.y * weight6;
  let weight7 = pointwise_weight[7];
  acc2 += x3.x * weight7;
  acc3 += x3.y * weight7;
  let x4 = depthwise[i0 + 128];
  let weight8 = pointwise_weight[8];
  acc0 += x4.x * weight8;
  acc1 += x4.y * weight8;
  let weight9 = pointwise_weight[9];
  acc2 += x4.x * weight9;
  acc3 += x4.y * weight9;
  let x5 = depthwise[i0 + 160];
  let weight10 = pointwise_weight[10];
  acc0 += x5.x * weight10;
  acc1 += x5.y * weight10;
  let weight11 = pointwise_weight[11];
  acc2 += x5.x * weight11;
  acc3 += x5.y * weight11;
  let x6 = depthwise[i0 + 192];
  let weight12 = pointwise_weight[12];
  acc0 += x6.x * weight12;
  acc1 += x6.y * weight12;
  let weight13 = pointwise_weight[13];
  acc2 += x6.x * weight13;
  acc3 += x6.y * weight13;
  let x7 = depthwise[i0 + 224];
  let weight14 = pointwise_weight[14];
  acc0 += x7.x * weight14;
  acc1 += x7.y * weight14;
  let weight15 = pointwise_weight[15];
  acc2 += x7.x * weight15;
  acc3 += x7.y * weight15;
  let bias0 = pointwise_bias[0];
  let x8 = pooled[i0];
  let x9 = pooled[i0 + 32];
  let x10 = pooled[i0 + 64];
  let x11 = pooled[i0 + 96];
  let x12 = vec4<f32>(x8.x, x9.x, x10.x, x11.x);
  let out0 = max(((acc0 + bias0) + x12), vec4<f32>(0.0));
  let i1 = h0 * 8 + n0 * 512 + w0 * 2;
  block[i1] = out0.x;
  block[i1 + 64] = out0.y;
  block[i1 + 128] = out0.z;
  block[i1 + 192] = out0.w;
  let x13 = vec4<f32>(x8.y, x9.y, x10.y, x11.y);
  let out1 = max(((acc1 + bias0) + x13), vec4<f32>(0.0));
  block[i1 + 1] = out1.x;
  block[i1 + 65] = out1.y;
  block[i1 + 129] = out1.z;
  block[i1 + 193] = out1.w;
  let bias1 = pointwise_bias[1];
  let x14 = pooled[i0 + 128];
  let x15 = pooled[i0 + 160];
  let x16 = pooled[i0 + 192];
  let x17 = pooled[i0 + 224];
  let x18 = vec4<f32>(x14.x, x15.x, x16.x, x17.x);
  let out2 = max(((acc2 + bias1) + x18), vec4<f32>(0.0));
  block[i1 + 256] = out2.x;
  block[i1 + 320] = out2.y;
  block[i1 + 384] = out2.z;
  block[i1 + 448] = out2.w;
  let x19 = vec4<f32>(x14.y, x15.y, x16.y, x17.y);
  let out3 = max(((acc3 + bias1) + x19), vec4<f32>(0.0));
  block[i1 + 257] = out3.x;
  block[i1 + 321] = out3.y;
  block[i1 + 385] = out3.z;
  block[i1 + 449] = out3.w;
}
