// mixed
//   mixed: conv2d 2 · 1×1 [N, 3, 3, 3] → [N, 2, 3, 3], one-by-one.ts:9:15  (⌊(3 − 1)/1⌋ + 1 = 3)
// mixed[n, c, h, w] = (Σ_{c′<3} picture[n, c′, h, w] · mixed.weight[c, c′, 0, 0]) + mixed.bias[c]
// contraction: register tile 1×2×1×1, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> picture: array<f32>;
@group(0) @binding(2) var<storage, read> mixed_weight: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> mixed_bias: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> mixed: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 9) { return; }
  let rest0 = thread0 / 3;
  let w0 = thread0 % 3;
  let rest1 = rest0 / 3;
  let h0 = rest0 % 3;
  let n0 = rest1;
  var acc0 = vec2<f32>(0.0);
  let i0 = n0 * 27 + h0 * 3 + w0;
  for (var c0 = 0; c0 < 3; c0++) {
    let i1 = i0 + c0 * 9;
    let x0 = picture[i1];
    let weight0 = mixed_weight[c0];
    acc0 += x0 * weight0;
  }
  let bias0 = mixed_bias[0];
  let out0 = acc0 + bias0;
  let i2 = n0 * 18 + h0 * 3 + w0;
  mixed[i2] = out0.x;
  mixed[i2 + 9] = out0.y;
}
