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
  if (thread >= i32(batch.n) * 32) { return; }
  let rest0 = thread / 8;
  let w0 = thread % 8;
  let rest1 = rest0 / 4;
  let h0 = rest0 % 4;
  let n0 = rest1;
  var acc0 = vec4<f32>(0.0);
  var acc1 = vec4<f32>(0.0);
  var acc2 = vec4<f32>(0.0);
  var acc3 = vec4<f32>(0.0);
  var acc4 = vec4<f32>(0.0);
  var acc5 = vec4<f32>(0.0);
  var acc6 = vec4<f32>(0.0);
  var acc7 = vec4<f32>(0.0);
  var acc8 = vec4<f32>(0.0);
  var acc9 = vec4<f32>(0.0);
  var acc10 = vec4<f32>(0.0);
  var acc11 = vec4<f32>(0.0);
  var acc12 = vec4<f32>(0.0);
  var acc13 = vec4<f32>(0.0);
  var acc14 = vec4<f32>(0.0);
  var acc15 = vec4<f32>(0.0);
  let i0 = h0 * 8;
  let i2 = w0 * 4;
  let i4 = h0 * 256 + n0 * 3072 + w0 * 4;
  for (var c1 = 0; c1 < 3; c1++) {
    let i5 = i4 + c1 * 1024;
    let i8 = c1 * 18;
    for (var kh0 = 0; kh0 < 3; kh0++) {
      let i1 = i0 + kh0;
      let i6 = i5 + kh0 * 32;
      let i9 = i8 + kh0 * 6;
      let inside1 = i1 - 1 >= 0;
      for (var kw0 = 0; kw0 < 3; kw0++) {
        let i3 = i2 + kw0;
        let inside0 = i1 - 1 >= 0 && i3 - 1 >= 0;
        let i7 = i6 + kw0;
        let x0 = image[i7 - 33];
        let v0 = select(0.0, x0, inside0);
        let i10 = i9 + kw0 * 2;
        let weight0 = stem_conv2d_weight_folded[i10];
        acc0 += v0 * weight0;
        let x1 = image[i7 - 31];
        let v1 = select(0.0, x1, inside1);
        acc1 += v1 * weight0;
        let inside2 = i3 - 1 >= 0;
        let x2 = image[i7 + 31];
        let v2 = select(0.0, x2, inside2);
        acc2 += v2 * weight0;
        let x3 = image[i7 + 33];
        acc3 += x3 * weight0;
        let x4 = image[i7 + 95];
        let v3 = select(0.0, x4, inside2);
        acc4 += v3 * weight0;
        let x5 = image[i7 + 97];
        acc5 += x5 * weight0;
        let x6 = image[i7 + 159];
        let v4 = select(0.0, x6, inside2);
        acc6 += v4 * weight0;
        let x7 = image[i7 + 161];
        acc7 += x7 * weight0;
        let weight1 = stem_conv2d_weight_folded[i10 + 1];
        acc8 += v0 * weight1;
        acc9 += v1 * weight1;
        acc10 += v2 * weight1;
        acc11 += x3 * weight1;
        acc12 += v3 * weight1;
        acc13 += x5 * weight1;
        acc14 += v4 * weight1;
        acc15 += x7 * weight1;
      }
    }
  }
  let bias0 = stem_conv2d_bias_folded[0];
  let out0 = max((acc0 + bias0), vec4<f32>(0.0));
  let i11 = h0 * 64 + n0 * 2048 + w0 * 2;
  stem[i11] = out0.x;
  stem[i11 + 256] = out0.y;
  stem[i11 + 512] = out0.z;
  stem[i11 + 768] = out0.w;
  let out1 = max((acc1 + bias0), vec4<f32>(0.0));
  stem[i11 + 1] = out1.x;
  stem[i11 + 257] = out1.y;
  stem[i11 + 513] = out1.z;
  stem[i11 + 769] = out1.w;
  let out2 = max((acc2 + bias0), vec4<f32>(0.0));
  stem[i11 + 16] = out2.x;
  stem[i11 + 272] = out2.y;
  stem[i11 + 528] = out2.z;
  stem[i11 + 784] = out2.w;
  let out3 = max((acc3 + bias0), vec4<f32>(0.0));
  stem[i11 + 17] = out3.x;
  stem[i11 + 273] = out3.y;
  stem[i11 + 529] = out3.z;
  stem[i11 + 785] = out3.w;
  let out4 = max((acc4 + bias0), vec4<f32>(0.0));
  stem[i11 + 32] = out4.x;
  stem[i11 + 288] = out4.y;
  stem[i11 + 544] = out4.z;
  stem[i11 + 800] = out4.w;
  let out5 = max((acc5 + bias0), vec4<f32>(0.0));
  stem[i11 + 33] = out5.x;
  stem[i11 + 289] = out5.y;
  stem[i11 + 545] = out5.z;
  stem[i11 + 801] = out5.w;
  let out6 = max((acc6 + bias0), vec4<f32>(0.0));
  stem[i11 + 48] = out6.x;
  stem[i11 + 304] = out6.y;
  stem[i11 + 560] = out6.z;
  stem[i11 + 816] = out6.w;
  let out7 = max((acc7 + bias0), vec4<f32>(0.0));
  stem[i11 + 49] = out7.x;
  stem[i11 + 305] = out7.y;
  stem[i11 + 561] = out7.z;
  stem[i11 + 817] = out7.w;
  let bias1 = stem_conv2d_bias_folded[1];
  let out8 = max((acc8 + bias1), vec4<f32>(0.0));
  stem[i11 + 1024] = out8.x;
  stem[i11 + 1280] = out8.y;
  stem[i11 + 1536] = out8.z;
  stem[i11 + 1792] = out8.w;
  let out9 = max((acc9 + bias1), vec4<f32>(0.0));
  stem[i11 + 1025] = out9.x;
  stem[i11 + 1281] = out9.y;
  stem[i11 + 1537] = out9.z;
  stem[i11 + 1793] = out9.w;
  let out10 = max((acc10 + bias1), vec4<f32>(0.0));
  stem[i11 + 1040] = out10.x;
  stem[i11 + 1296] = out10.y;
  stem[i11 + 1552] = out10.z;
  stem[i11 + 1808] = out10.w;
  let out11 = max((acc11 + bias1), vec4<f32>(0.0));
  stem[i11 + 1041] = out11.x;
  stem[i11 + 1297] = out11.y;
  stem[i11 + 1553] = out11.z;
  stem[i11 + 1809] = out11.w;
  let out12 = max((acc12 + bias1), vec4<f32>(0.0));
  stem[i11 + 1056] = out12.x;
  stem[i11 + 1312] = out12.y;
  stem[i11 + 1568] = out12.z;
  stem[i11 + 1824] = out12.w;
  let out13 = max((acc13 + bias1), vec4<f32>(0.0));
  stem[i11 + 1057] = out13.x;
  stem[i11 + 1313] = out13.y;
  stem[i11 + 1569] = out13.z;
  stem[i11 + 1825] = out13.w;
  let out14 = max((acc14 + bias1), vec4<f32>(0.0));
  stem[i11 + 1072] = out14.x;
  stem[i11 + 1328] = out14.y;
  stem[i11 + 1584] = out14.z;
  stem[i11 + 1840] = out14.w;
  let out15 = max((acc15 + bias1), vec4<f32>(0.0));
  stem[i11 + 1073] = out15.x;
  stem[i11 + 1329] = out15.y;
  stem[i11 + 1585] = out15.z;
  stem[i11 + 1841] = out15.w;
}
