/**
 * Wrong programs. `▸` marks where the error is reported; a string is the message that takes the place
 * of the parameter's type, a pattern describes the compiler's own message.
 */
export interface Wrong {
  readonly code: string;
  readonly message: string | RegExp;
}

/** What every program starts with. */
export const prelude = `import * as w from "weftgpu";
import { N } from "weftgpu";
const image = w.input("image", [N, 3, 28, 28]);
const tokens = w.input("tokens", [N, 128, 64]);
const rows = w.input("rows", [N, 10]);
const list = w.input("list", [N]);
const T = w.dim("T", { max: 512 });
const S = w.dim("S", { max: 512 });
const text = w.input("text", [N, T, 64]);
const other = w.input("other", [N, S, 64]);
`;

const w = (code: string, message: string | RegExp): Wrong => ({ code, message });

export const wrong: readonly Wrong[] = [
  w(
    "w.conv2d(image, { out: 6, ▸kernel: 31 })",
    "kernel 31×31 is larger than the padded input [N, 3, 28, 28]",
  ),
  w(
    "w.conv2d(image, { out: 6, ▸kernel: [3, 33], padding: 2 })",
    "kernel 3×33 is larger than the padded input [N, 3, 28, 28]",
  ),
  w(
    "w.conv2d(image, { out: 6, ▸kernel: 15, dilation: 2 })",
    "kernel 15×15, dilation 2×2, is larger than the padded input [N, 3, 28, 28]",
  ),
  w("w.conv2d(▸rows, { out: 6, kernel: 3 })", "expected a tensor [N, channels, height, width], got [N, 10]"),
  w(
    "w.conv2d(image, { out: 6, kernel: 3, ▸groups: 2 })",
    "groups 2 does not divide the 3 input channels of [N, 3, 28, 28]",
  ),
  w("w.conv2d(image, { out: 4, kernel: 3, ▸groups: 3 })", "groups 3 does not divide the 4 output channels"),
  w(
    'w.conv2d(image, { out: 6, kernel: 3, ▸weight: w.param("k", [6, 1, 3, 3]) })',
    "conv2d: the given weight is [6, 1, 3, 3], but has to be [6, 3, 3, 3]",
  ),
  w(
    'w.conv2d(image, { out: 6, kernel: 3, ▸bias: w.param("b", [3]) })',
    /^Type 'Tensor<\[3\]>' is not assignable to type '(boolean \| )?"conv2d: the given bias is \[3\], but has to be \[6\]"( \| boolean)?'\.$/,
  ),
  w(
    'w.conv2d({ out: 6, kernel: 3, ▸weight: w.param("k", [6, 3, 5, 5]) })',
    "conv2d: the given weight is [6, 3, 5, 5], but has to be [6, ?, 3, 3]",
  ),
  w(
    'w.conv2d({ out: 6, kernel: 3, weight: w.param("k", [6, 4, 3, 3]) })(▸image)',
    "conv2d: the given weight is [6, 4, 3, 3], but has to be [6, 3, 3, 3]",
  ),
  w(
    'w.linear(rows, { out: 5, ▸weight: w.param("k", [10, 5]) })',
    "linear: the given weight is [10, 5], but has to be [5, 10]",
  ),
  w(
    'w.linear({ out: 5, weight: w.param("k", [5, 9]) })(▸rows)',
    "linear takes 9 features, but the last dimension of [N, 10] is 10",
  ),
  w("w.maxPool2d(image, { ▸kernel: 29 })", "kernel 29×29 is larger than the padded input [N, 3, 28, 28]"),
  w("w.avgPool2d(▸rows, { kernel: 2 })", "expected a tensor [N, channels, height, width], got [N, 10]"),
  w("w.globalAvgPool2d(▸rows)", "expected a tensor [N, channels, height, width], got [N, 10]"),
  w("w.conv1d(▸image, { out: 6, kernel: 3 })", "expected a tensor [N, channels, length], got [N, 3, 28, 28]"),
  w("w.conv1d(tokens, { out: 6, ▸kernel: 65 })", "kernel 65 is larger than the padded input [N, 128, 64]"),
  w(
    "w.conv1d(tokens, { out: 6, kernel: 3, ▸groups: 3 })",
    "groups 3 does not divide the 128 input channels of [N, 128, 64]",
  ),
  w(
    'w.conv1d(tokens, { out: 6, kernel: 3, ▸weight: w.param("k", [6, 128, 5]) })',
    "conv1d: the given weight is [6, 128, 5], but has to be [6, 128, 3]",
  ),
  w(
    "w.conv3d(▸image, { out: 6, kernel: 3 })",
    "expected a tensor [N, channels, depth, height, width], got [N, 3, 28, 28]",
  ),
  w(
    'w.maxPool3d(w.input("v", [N, 2, 4, 5, 6]), { ▸kernel: [4, 6, 1] })',
    "kernel 4×6×1 is larger than the padded input [N, 2, 4, 5, 6]",
  ),
  w(
    'w.convTranspose2d(w.input("x", [N, 4, 1, 5]), { out: 6, ▸kernel: 2, padding: [1, 0] })',
    "nothing of [N, 4, 1, 5] is left within the padding of a kernel 2×2",
  ),
  w(
    "w.convTranspose2d(▸rows, { out: 6, kernel: 2 })",
    "expected a tensor [N, channels, height, width], got [N, 10]",
  ),
  w(
    'w.convTranspose2d(image, { out: 6, kernel: 2, ▸weight: w.param("k", [6, 3, 2, 2]) })',
    "convTranspose2d: the given weight is [6, 3, 2, 2], but has to be [3, 6, 2, 2]",
  ),
  w("w.resize(image, ▸{ mode: 'linear' })", "resize takes size, or scale"),
  w(
    "w.upsample(rows, ▸{ scale: 2 })",
    "resize by a number changes every axis behind [N, channels], got [N, 10]",
  ),
  w("w.resize(rows, ▸{ size: [1, 2] })", "resize cannot change N, which a run decides"),
  w("w.upsample(text, ▸{ scale: [2, 1] })", "resize cannot change T, which a run decides"),
  w("w.resize(rows, ▸{ size: [1, 2, 3] })", "resize has more numbers than [N, 10] has axes"),
  w("w.batchNorm1d(▸image)", "expected a tensor [N, channels, length], got [N, 3, 28, 28]"),
  w(
    "w.batchNorm3d(▸image, { eps: 1 })",
    "expected a tensor [N, channels, depth, height, width], got [N, 3, 28, 28]",
  ),
  w("w.globalMaxPool1d(▸image)", "expected a tensor [N, channels, length], got [N, 3, 28, 28]"),
  w(
    "w.linear(rows, { out: 5, ▸in: 11 })",
    "linear takes 11 features, but the last dimension of [N, 10] is 10",
  ),
  w("w.linear(▸list, { out: 5 })", "linear needs [N, …, features], got [N]"),
  w("w.matmul(tokens, ▸tokens)", "cannot multiply [N, 128, 64] by [N, 128, 64]: 64 columns against 128 rows"),
  w("w.matmul(tokens, ▸list)", "matmul needs […, rows, columns], got [N]"),
  w('w.corr2d(w.input("x", [3, 3]), ▸w.input("k", [4, 2]))', "kernel [4, 2] is larger than the input [3, 3]"),
  w(
    'w.corr2d(▸image, w.input("k", [2, 2]))',
    "corr2d needs [height, width] or [N, height, width], got [N, 3, 28, 28]",
  ),
  w('w.add(rows, ▸w.input("v", [N, 9]))', "cannot combine [N, 10] with [N, 9]: 10 against 9"),
  w("w.mul(image, ▸tokens)", "cannot combine [N, 3, 28, 28] with [N, 128, 64]: 28 against 64"),
  w('w.less(rows, ▸w.input("v", [N, 9]))', "cannot combine [N, 10] with [N, 9]: 10 against 9"),
  w("w.where(rows, ▸tokens, 1)", "cannot combine [N, 10] with [N, 128, 64]: 10 against 64"),
  w("w.where(rows, rows, ▸tokens)", "cannot combine [N, 10] with [N, 128, 64]: 10 against 64"),
  w("w.max(rows, ▸tokens)", "cannot combine [N, 10] with [N, 128, 64]: 10 against 64"),
  w("w.max(rows, ▸{ axis: 2 })", "axis 2 is outside [N, 10], which has axes 0 to 1"),
  w("w.sum(image, { ▸axis: [2, 4] })", "axis 4 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.mean(image, { ▸axis: -5 })", "axis -5 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.softmax(image, { ▸axis: 0 })", "axis 0 of [N, 3, 28, 28] is the batch: examples stay apart"),
  w("w.softmax(image, { ▸axis: 7 })", "axis 7 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.flatten(▸list)", "flatten needs [N, …], got [N]"),
  w("w.reshape(image, ▸[N, 100])", "cannot reshape [N, 3, 28, 28] to [N, 100]: 2352 elements against 100"),
  w(
    "w.reshape(image, ▸[N, 5, -1])",
    "cannot reshape [N, 3, 28, 28] to [N, 5, -1]: 2352 elements are not a multiple of 5",
  ),
  w("w.reshape(image, ▸[1, 2352])", "cannot reshape [N, 3, 28, 28] to [1, 2352]: N stays the first size"),
  w("w.transpose(image, ▸[0, 1, 2])", "order [0, 1, 2] does not list every axis of [N, 3, 28, 28] once"),
  w(
    "w.transpose(image, ▸[0, 1, 2, 2])",
    "order [0, 1, 2, 2] does not list every axis of [N, 3, 28, 28] once",
  ),
  w(
    "w.transpose(image, ▸[1, 0, 2, 3])",
    "cannot transpose [N, 3, 28, 28] to [3, N, 28, 28]: N stays the first size",
  ),
  w("w.transpose(▸rows)", "cannot transpose [N, 10] to [10, N]: N stays the first size"),
  w(
    "w.concat(▸[image, rows])",
    "cannot join [N, 3, 28, 28] and [N, 10] along axis 1: their other sizes differ",
  ),
  w(
    "w.concat(▸[image, image, w.input('v', [N, 3, 28, 27])])",
    "cannot join [N, 6, 28, 28] and [N, 3, 28, 27] along axis 1: their other sizes differ",
  ),
  w("w.concat(▸[image, image], { axis: 4 })", "axis 4 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.slice(image, ▸{ end: 4 })", "slice from 0 to 4 along axis 1 of [N, 3, 28, 28]: 0 ≤ start < end ≤ 3"),
  w(
    "w.slice(image, ▸{ axis: 2, start: 28 })",
    "slice from 28 to 28 along axis 2 of [N, 3, 28, 28]: 0 ≤ start < end ≤ 28",
  ),
  w("w.slice({ end: 4 })(▸image)", "slice from 0 to 4 along axis 1 of [N, 3, 28, 28]: 0 ≤ start < end ≤ 3"),
  w("w.slice(image, ▸{ axis: 4 })", "axis 4 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.slice(image, ▸{ axis: 0 })", "axis 0 of [N, 3, 28, 28] is the batch: examples stay apart"),
  w(
    "w.slice(image, ▸{ axis: 2, start: 28, step: -1 })",
    "slice from 28 backwards along axis 2 of [N, 3, 28, 28]: end < start < 28",
  ),
  w(
    "w.slice(image, ▸{ axis: 2, start: 3, end: 5, step: -1 })",
    "slice from 3 to 5 backwards along axis 2 of [N, 3, 28, 28]: end < start < 28",
  ),
  w("w.squeeze(image, ▸{ axis: 1 })", "axis 1 of [N, 3, 28, 28] has not size 1"),
  w("w.squeeze({ axis: 4 })(▸image)", "axis 4 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w(
    "w.unsqueeze(rows, ▸{ axis: 0 })",
    "the result [1, N, 10] would have the batch inside: N stays the first size",
  ),
  w("w.unsqueeze(rows, ▸{ axis: 3 })", "axis 3 is outside [N, 10, 1], which has axes 0 to 2"),
  w("w.expand(rows, ▸[N, 9])", "cannot combine [N, 10] with [N, 9]: 10 against 9"),
  w("w.tile(rows, ▸[2])", "tile of [N, 10] takes a number for each axis, got [2]"),
  w("w.tile(rows, ▸[2, 1])", "size N of [N, 10] is no number: it is repeated once"),
  w("w.stack(▸[rows, list])", "cannot stack [N, 10] and [N]: all tensors have one shape"),
  w("w.flip(image, ▸{ axis: [1, 0] })", "axis 0 of [N, 3, 28, 28] is the batch: examples stay apart"),
  w("w.roll(image, ▸{ shift: 1, axis: 7 })", "axis 7 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.depthToSpace(▸image, { block: 2 })", "the 3 channels of [N, 3, 28, 28] are no multiple of 4"),
  w("w.spaceToDepth(▸image, { block: 5 })", "the 28 rows of [N, 3, 28, 28] are no multiple of 5"),
  w("w.pad(▸tokens, { axis: 0, padding: 1 })", "pad cannot grow the batch of [N, 128, 64]"),
  w("w.argmax(image, ▸{ axis: 0 })", "axis 0 of [N, 3, 28, 28] is the batch: examples stay apart"),
  w("w.topK(rows, ▸{ count: 11 })", "the 11 largest along axis -1 of [N, 10]: there are 10"),
  w("w.cumsum(image, ▸{ axis: 4 })", "axis 4 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w('w.gatherND(▸rows, w.input("i", [5, 3], { dtype: "i32" }))', "rows of [5, 3] name 3 axes of [N, 10]"),
  w("w.lstm(▸rows, { hidden: 3 })", "expected a tensor [N, steps, features], got [N, 10]"),
  w(
    'w.gru(▸w.input("s", [N, w.dim("T", { max: 8 }), 4]), { hidden: 3 })',
    "the steps of [N, T, 4] are T, which a run decides: each step is written out",
  ),
  w("w.split(image, ▸{ sizes: [1, 1] })", "sizes [1, 1] add up to 2, but axis 1 of [N, 3, 28, 28] has 3"),
  w("w.split(image, ▸{ parts: 2 })", "axis 1 of [N, 3, 28, 28] has 3 positions, which is no multiple of 2"),
  w("w.split(image, ▸{ axis: 0, parts: 2 })", "axis 0 of [N, 3, 28, 28] is the batch: examples stay apart"),
  w("w.split(image, ▸{ axis: 7, parts: 2 })", "axis 7 is outside [N, 3, 28, 28], which has axes 0 to 3"),
  w("w.split(image, ▸{ axis: 1 })", "split takes sizes, or parts"),
  w("w.split(image, ▸{ sizes: [3], parts: 1 })", "split takes sizes or parts, not both"),
  w("w.split(image, ▸{ parts: -1 })", "parts is -1, but has to be a whole number of at least 1"),
  w(
    'w.split(w.input("s", [N, w.dim("T", { max: 8 })]), ▸{ parts: 2 })',
    "axis 1 of [N, T] is T, which a run decides",
  ),
  w("w.pad(▸list, { padding: 1 })", "pad needs at least two dimensions, got [N]"),
  w("w.batchNorm2d(▸rows)", "expected a tensor [N, channels, height, width], got [N, 10]"),
  w("w.batchNorm2d(▸rows, { eps: 1 })", "expected a tensor [N, channels, height, width], got [N, 10]"),
  w(
    "w.pipe(image, w.conv2d({ out: 6, kernel: 5 }), w.relu(), ▸w.maxPool2d({ kernel: 30 }), w.flatten())",
    "kernel 30×30 is larger than the padded input [N, 6, 24, 24]",
  ),
  w(
    "w.pipe(image, w.flatten(), ▸w.linear({ in: 2000, out: 10 }))",
    "linear takes 2000 features, but the last dimension of [N, 2352] is 2352",
  ),
  w(
    "w.pipe(image, w.flatten(), ▸w.sequential(w.relu(), w.linear({ in: 9, out: 10 })))",
    "layer 2: linear takes 9 features, but the last dimension of [N, 2352] is 2352",
  ),
  w(
    "w.pipe(image, ▸w.sum({ axis: [1, 9] }), w.relu())",
    "axis 9 is outside [N, 3, 28, 28], which has axes 0 to 3",
  ),
  w(
    "w.sequential(w.conv2d({ out: 6, kernel: 5 }), w.maxPool2d({ kernel: 30 }))(▸image)",
    "layer 2: kernel 30×30 is larger than the padded input [N, 6, 24, 24]",
  ),
  w(
    "w.residual(w.conv2d({ out: 6, kernel: 5 }))(▸image)",
    "residual cannot add its body's [N, 6, 24, 24] to its shortcut's [N, 3, 28, 28]",
  ),
  w(
    'w.model("m", image, ▸w.sequential(w.relu(), w.linear({ in: 5, out: 10 })))',
    "layer 2: linear takes 5 features, but the last dimension of [N, 3, 28, 28] is 28",
  ),
  w(
    "w.conv2d(image, { out: 6, kernel: 5, ▸pading: 2 })",
    /'pading' does not exist .* Did you mean to write 'padding'\?$/,
  ),
  w(
    "w.conv2d({ out: 6, kernel: 5, ▸pading: 2 })",
    /'pading' does not exist .* Did you mean to write 'padding'\?$/,
  ),
  w(
    'w.model("m", image, w.relu(), { ▸clases: 10 })',
    /'clases' does not exist .* Did you mean to write 'classes'\?$/,
  ),
  w('w.input("x", [N, ▸"a"])', /^Type 'string' is not assignable to type 'Dim'\.$/),
  w("w.relu(▸3)", /^Argument of type 'number' is not assignable to parameter of type 'Tensor<Shape>'\.$/),
  w("w.add(text, ▸other)", "cannot combine [N, T, 64] with [N, S, 64]: T against S"),
  w("w.add(text, ▸tokens)", "cannot combine [N, T, 64] with [N, 128, 64]: T against 128"),
  w(
    "w.matmul(w.matmul(text, w.transpose(text)), ▸other)",
    "cannot multiply [N, T, T] by [N, S, 64]: T columns against S rows",
  ),
  w(
    "w.concat(▸[text, other], { axis: 2 })",
    "cannot join [N, T, 64] and [N, S, 64] along axis 2: their other sizes differ",
  ),
  w(
    "w.pipe(text, ▸w.linear({ in: 63, out: 8 }))",
    "linear takes 63 features, but the last dimension of [N, T, 64] is 64",
  ),
  w('w.param("p", [▸T, 3])', /^Type 'Size<"T", 512>' is not assignable to type 'number'\.$/),
];
