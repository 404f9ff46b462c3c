// result/corr2d
//   result/corr2d: corr2d 2×2 [3, 3] → [2, 2], channels.ts:12:20  (⌊(3 − 2)/1⌋ + 1 = 2)
// result/corr2d[n, i] = Σ_{kh<2, kw<2} red[kh + n, i + kw] · redKernel[kh, kw]
// contraction: register tile
@group(0) @binding(0) var<storage, read> red: array<f32>;
@group(0) @binding(1) var<storage, read> redKernel: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> result_corr2d: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= 2) { return; }
  let n0 = thread;
  var acc0 = 0.0;
  var acc1 = 0.0;
  let i1 = n0 * 3;
  let x0 = red[i1];
  let x1 = redKernel[0];
  acc0 += x0 * x1.x;
  let x2 = red[i1 + 1];
  acc1 += x2 * x1.x;
  acc0 += x2 * x1.y;
  let x3 = red[i1 + 2];
  acc1 += x3 * x1.y;
  let x4 = red[i1 + 3];
  acc0 += x4 * x1.z;
  let x5 = red[i1 + 4];
  acc1 += x5 * x1.z;
  acc0 += x5 * x1.w;
  let x6 = red[i1 + 5];
  acc1 += x6 * x1.w;
  let i2 = n0 * 2;
  result_corr2d[i2] = acc0;
  result_corr2d[i2 + 1] = acc1;
}
