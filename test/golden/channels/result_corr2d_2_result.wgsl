// result/corr2d#2 → result
//   result/corr2d#2: corr2d 2×2 [3, 3] → [2, 2], channels.ts:12:44  (⌊(3 − 2)/1⌋ + 1 = 2)
//   result: add [2, 2] → [2, 2], channels.ts:12:16
// result[n, i] = result/corr2d[n, i] + (Σ_{kh<2, kw<2} green[kh + n, i + kw] · greenKernel[kh, kw])
// contraction: register tile
@group(0) @binding(0) var<storage, read> result_corr2d: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read> green: array<f32>;
@group(0) @binding(2) var<storage, read> greenKernel: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 2) { return; }
  let n0 = thread;
  var acc0 = 0.0;
  var acc1 = 0.0;
  let i1 = n0 * 3;
  let x0 = green[i1];
  let x1 = greenKernel[0];
  acc0 += x0 * x1.x;
  let x2 = green[i1 + 1];
  acc1 += x2 * x1.x;
  acc0 += x2 * x1.y;
  let x3 = green[i1 + 2];
  acc1 += x3 * x1.y;
  let x4 = green[i1 + 3];
  acc0 += x4 * x1.z;
  let x5 = green[i1 + 4];
  acc1 += x5 * x1.z;
  acc0 += x5 * x1.w;
  let x6 = green[i1 + 5];
  acc1 += x6 * x1.w;
  let x7 = result_corr2d[n0];
  let i2 = n0 * 2;
  result[i2] = x7.x + acc0;
  result[i2 + 1] = x7.y + acc1;
}
