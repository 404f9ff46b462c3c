// features/globalAvgPool2d
//   features/globalAvgPool2d: globalAvgPool2d 8×8 [N, 8, 8, 8] → [N, 8, 1, 1], block.model.ts:26:26
// features/globalAvgPool2d[n, c, 0, 0] = (Σ_{h′<8, w′<8} block[n, c, h′, w′]) · 0.015625
// mapReduce: thread per position, workgroup 64
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> block: array<f32>;
@group(0) @binding(2) var<storage, read_write> features_globalAvgPool2d: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= i32(batch.n) * 8) { return; }
  let rest0 = thread0 / 8;
  let c0 = thread0 % 8;
  let n0 = rest0;
  var sum0 = 0.0;
  let i0 = n0 * 512 + c0 * 64;
  for (var h0 = 0; h0 < 8; h0++) {
    let i1 = i0 + h0 * 8;
    for (var w0 = 0; w0 < 8; w0++) {
      let i2 = i1 + w0;
      let x0 = block[i2];
      sum0 += x0;
    }
  }
  let i3 = n0 * 8 + c0;
  features_globalAvgPool2d[i3] = sum0 * 0.015625;
}
