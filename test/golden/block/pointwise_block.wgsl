// pointwise → block/add → block
//   pointwise: conv2d 8 · 1×1 [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:23:19  (⌊(8 − 1)/1⌋ + 1 = 8)
//   block/add: add [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:24:20
//   block: relu [N, 8, 8, 8] → [N, 8, 8, 8], block.model.ts:24:15
// block[n, c, h, w] = max((Σ_{c′<8} depthwise[n, c′, h, w] · pointwise.weight[c, c′, 0, 0]) + pointwise.bias[c] + pooled[n, c, h, w], 0)
// contraction: register tile 1×4×1×2, workgroup 64
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
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 64) { return; }
  let rest0 = thread0 / 4;
  let w0 = thread0 % 4;
  let rest1 = rest0 / 8;
  let h0 = rest0 % 8;
  let rest2 = rest1 / 2;
  let c0 = rest1 % 2;
  let n0 = rest2;
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  let i0 = n0 * 256 + h0 * 4 + w0;
  for (var c1 = 0; c1 < 8; c1++) {
    let i1 = i0 + c1 * 32;
    let x0 = depthwise[i1];
    let i2 = c0 + c1 * 2;
    let weight0 = pointwise_weight[i2];
    acc0 += x0.x * weight0;
    acc1 += x0.y * weight0;
  }
  let bias0 = pointwise_bias[c0];
  let i3 = n0 * 256 + c0 * 128 + h0 * 4 + w0;
  let x1 = pooled[i3];
  let x2 = pooled[i3 + 32];
  let x3 = pooled[i3 + 64];
  let x4 = pooled[i3 + 96];
  let x5 = vec4<f32>(x1.x, x2.x, x3.x, x4.x);
  let out0 = max(acc0 + bias0 + x5, vec4<f32>(0.0));
  let i4 = n0 * 512 + c0 * 256 + h0 * 8 + w0 * 2;
  block[i4] = out0.x;
  block[i4 + 64] = out0.y;
  block[i4 + 128] = out0.z;
  block[i4 + 192] = out0.w;
  let x6 = vec4<f32>(x1.y, x2.y, x3.y, x4.y);
  let out1 = max(acc1 + bias0 + x6, vec4<f32>(0.0));
  block[i4 + 1] = out1.x;
  block[i4 + 65] = out1.y;
  block[i4 + 129] = out1.z;
  block[i4 + 193] = out1.w;
}
