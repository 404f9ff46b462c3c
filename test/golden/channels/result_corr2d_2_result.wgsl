// result/corr2d#2 → result
//   result/corr2d#2: corr2d 2×2 [3, 3] → [2, 2], channels.ts:12:44  (⌊(3 − 2)/1⌋ + 1 = 2)
//   result: add [2, 2] → [2, 2], channels.ts:12:16
// result[n, i] = result/corr2d[n, i] + (Σ_{kh<2, kw<2} green[kh + n, kw + i] · greenKernel[kh, kw])
// contraction: register tile 1×1, workgroup 64
@group(0) @binding(0) var<storage, read> result_corr2d: array<f32>;
@group(0) @binding(1) var<storage, read> green: array<f32>;
@group(0) @binding(2) var<storage, read> greenKernel: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread0 = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread0 >= 4) { return; }
  let rest0 = thread0 / 2;
  let i0 = thread0 % 2;
  let n0 = rest0;
  var acc0 = 0.0;
  let i1 = n0 * 3 + i0;
  for (var kh0 = 0; kh0 < 2; kh0++) {
    let i2 = i1 + kh0 * 3;
    let i3 = kh0 * 2;
    for (var kw0 = 0; kw0 < 2; kw0++) {
      let i4 = i2 + kw0;
      let x0 = green[i4];
      let i5 = i3 + kw0;
      let x1 = greenKernel[i5];
      acc0 += x0 * x1;
    }
  }
  let i6 = n0 * 2 + i0;
  let x2 = result_corr2d[i6];
  result[i6] = x2 + acc0;
}
