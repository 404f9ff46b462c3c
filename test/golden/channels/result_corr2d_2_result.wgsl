// result/corr2d#2 → result
//   result/corr2d#2: corr2d 2×2 [3, 3] → [2, 2], channels.ts:12:44  (⌊(3 − 2)/1⌋ + 1 = 2)
//   result: add [2, 2] → [2, 2], channels.ts:12:16
// result[n, i] = result/corr2d[n, i] + (Σ_{kh<2, kw<2} green[kh + n, i + kw] · greenKernel[kh, kw])
// contraction: register tile
@group(0) @binding(0) var<storage, read> result_corr2d: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> green: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> greenKernel: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 1) { return; }
  var acc0 = 0.0;
  var acc1 = 0.0;
  var acc2 = 0.0;
  var acc3 = 0.0;
  let x0 = green[0];
  let x1 = greenKernel[0];
  acc0 += x0.x * x1.x;
  acc1 += x0.y * x1.x;
  acc2 += x0.w * x1.x;
  let x2 = green[1];
  acc3 += x2.x * x1.x;
  acc0 += x0.y * x1.y;
  acc1 += x0.z * x1.y;
  acc2 += x2.x * x1.y;
  acc3 += x2.y * x1.y;
  acc0 += x0.w * x1.z;
  acc1 += x2.x * x1.z;
  acc2 += x2.z * x1.z;
  acc3 += x2.w * x1.z;
  acc0 += x2.x * x1.w;
  acc1 += x2.y * x1.w;
  acc2 += x2.w * x1.w;
  let x3 = green[2];
  acc3 += x3.x * x1.w;
  let x4 = result_corr2d[0];
  result[0] = x4.x + acc0;
  result[1] = x4.y + acc1;
  result[2] = x4.z + acc2;
  result[3] = x4.w + acc3;
}
