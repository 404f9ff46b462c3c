// stem/conv2d → stem
//   stem/conv2d: conv2d 8 · 3×3, stride 2, padding 1 [N, 3, 32, 32] → [N, 8, 16, 16], block.model.ts:19:31  (⌊(32 + 2·1 − 3)/2⌋ + 1 = 16)
//   stem: relu [N, 8, 16, 16] → [N, 8, 16, 16], block.model.ts:19:14
// stem[n, c, h, w] = max((Σ_{c′<3, kh<3, kw<3} (0 ≤ h·2 + kh − 1 < 32 ∧ 0 ≤ kw + w·2 − 1 < 32 ? image[n, c′, h·2 + kh − 1, kw + w·2 − 1] : 0) · stem/conv2d.weight_folded[c, c′, kh, kw]) + stem/conv2d.bias_folded[c], 0)
// contraction: register tile, vectors over columns
struct Batch { n: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> stem_conv2d_weight_folded: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> stem_conv2d_bias_folded: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> stem: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * 64u + local);
  if (thread >= i32(batch.n) * 128) { return; }
  let rest0 = thread / 16;
  let w0 = thread % 16;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let rest2 = rest1 / 2;
  let c0 = rest1 % 2;
  let n0 = rest2;
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  var acc2 = vec4<f32>(0.0);
  var acc3 = vec4<f32>(0.0);
  let i0 = h0 * 8;
  let i2 = w0 * 2;
  let i4 = h0 * 256 + n0 * 3072 + w0 * 2;
  let i8 = c0;
  for (var c1 = 0; c1 < 3; c1++) {
    let i5 = i4 + c1 * 1024;
    let i9 = i8 + c1 * 18;
    for (var kh0 = 0; kh0 < 3; kh0++) {
      let i1 = i0 + kh0;
      let i6 = i5 + kh0 * 32;
      let i10 = i9 + kh0 * 6;
      for (var kw0 = 0; kw0 < 3; kw0++) {
        let i3 = i2 + kw0;
        let inside0 = i1 - 1 >= 0 && i3 - 1 >= 0;
        let i7 = i6 + kw0;
        let x0 = image[i7 - 33];
        let v0 = select(0.0, x0, inside0);
        let i11 = i10 + kw0 * 2;
        let weight0 = stem_conv2d_weight_folded[i11];
        acc0 += v0 * weight0;
        let inside1 = i3 - 1 >= 0;
        let x1 = image[i7 + 31];
        let v1 = select(0.0, x1, inside1);
        acc1 += v1 * weight0;
        let x2 = image[i7 + 95];
        let v2 = select(0.0, x2, inside1);
        acc2 += v2 * weight0;
        let x3 = image[i7 + 159];
        let v3 = select(0.0, x3, inside1);
        acc3 += v3 * weight0;
      }
    }
  }
  let bias0 = stem_conv2d_bias_folded[c0];
  let out0 = max((acc0 + bias0), vec4<f32>(0.0));
  let i12 = c0 * 1024 + h0 * 64 + n0 * 2048 + w0;
  stem[i12] = out0.x;
  stem[i12 + 256] = out0.y;
  stem[i12 + 512] = out0.z;
  stem[i12 + 768] = out0.w;
  let out1 = max((acc1 + bias0), vec4<f32>(0.0));
  stem[i12 + 16] = out1.x;
  stem[i12 + 272] = out1.y;
  stem[i12 + 528] = out1.z;
  stem[i12 + 784] = out1.w;
  let out2 = max((acc2 + bias0), vec4<f32>(0.0));
  stem[i12 + 32] = out2.x;
  stem[i12 + 288] = out2.y;
  stem[i12 + 544] = out2.z;
  stem[i12 + 800] = out2.w;
  let out3 = max((acc3 + bias0), vec4<f32>(0.0));
  stem[i12 + 48] = out3.x;
  stem[i12 + 304] = out3.y;
  stem[i12 + 560] = out3.z;
  stem[i12 + 816] = out3.w;
}
