/** Mutations of the compiler: what ops mean, index algebra, identity, order, memory. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const affine = guard("compiler/affine");
const compile = guard("compiler/compile");
const order = guard("compiler/order");
const identity = guard("compiler/identity");
const host = guard("compiler/host");
const shared = guard("train/shared");
const steps = guard("train/losses-optimizers");
const conv = guard("ops/conv2d");
const pooling = guard("ops/pooling");
const layout = guard("ops/layout");
const pointwise = guard("ops/pointwise");
const gradients = guard("train/gradients");
const several = guard("compiler/multiOutput");

const fields = guard("report/receptive");

const meanings: readonly Mutation[] = [
  ...inFile("compiler/report/spans.ts", [
    {
      name: "spans: what is chosen by position is seen together",
      find: "const decided = moved.some((d) => choice.has(d)) && !equal;",
      put: "const decided = false;",
      guards: [fields],
      why: "rows joined to rows seem to see a window of both",
    },
    {
      name: "spans: uneven steps are even",
      find: "others.length > 0 || tangled || !term",
      put: "others.length > 0 || !term",
      guards: [fields],
      why: "the table prints a window that does not exist",
    },
    {
      name: "spans: positions of which a part is read are all read",
      find: "return readsAll(dims, index, shape, at)",
      put: "return true",
      guards: [fields],
      why: "what is unknown is printed as the whole input",
    },
    {
      name: "spans: the first position sees the lowest",
      find: "span.stride * q + span.low < low; q += step",
      put: "low === NOTHING.low; q += step",
      guards: [fields],
      why: "behind padding and dilation the whole is too small",
    },
  ]),
  ...inFile("compiler/report/receptive.ts", [
    {
      name: "fields: masks of positions let everything through",
      find: "return masks.length > 0 ?",
      put: "return masks.length < 0 ?",
      guards: [fields],
      why: "what is masked seems to be seen",
    },
  ]),
  ...inFile("compiler/dsl/sizes.ts", [
    {
      name: "sizes: 0 is a size",
      find: "Number.isSafeInteger(d) && d >= 1",
      put: "Number.isSafeInteger(d) && d >= 0",
      guards: [guard("dsl/sizes"), guard("dsl/errors")],
      why: "a model of nothing is compiled",
    },
  ]),
  ...inFile("compiler/dsl/build.ts", [
    {
      name: "sizes: those of a result are not looked at",
      find: "checkSizes(def.name, type.shape, types);",
      put: "",
      guards: [guard("dsl/sizes"), guard("dsl/define")],
      why: "what an op of the user's own says is believed",
    },
  ]),
  ...inFile("compiler/ops/geometry.ts", [
    {
      name: "window: one position too many",
      find: "if (!ceil) return Math.floor(free / w.stride) + 1;",
      put: "if (!ceil) return Math.ceil(free / w.stride) + 1;",
      guards: [guard("dsl/build"), conv],
      why: "outputs are larger than in every other framework",
    },
    {
      name: "window: the span of a dilated kernel is one too large",
      find: "return w.dilation * (w.kernel - 1) + 1;",
      put: "return w.dilation * w.kernel;",
      guards: [conv],
      why: "dilated convolutions are smaller than they are",
    },
    {
      name: "window: padding is added",
      find: "scale(axisIndex(tap), w.dilation), -w.before)",
      put: "scale(axisIndex(tap), w.dilation), w.before)",
      guards: [conv],
      why: "pictures are shifted",
    },
    {
      name: "window: the dilation is the stride",
      find: "scale(axisIndex(tap), w.dilation)",
      put: "scale(axisIndex(tap), w.stride)",
      guards: [conv],
      why: "strided convolutions read other pixels",
    },
    {
      name: 'window: "same" pads the odd one after',
      find: 'return word === "same" ? [large, small]',
      put: 'return word !== "same" ? [large, small]',
      guards: [conv],
      why: "even kernels are shifted by one",
    },
    {
      name: "window: ceilMode keeps a window that starts in the padding",
      find: "return (count - 1) * w.stride >= n + w.before ? count - 1 : count;",
      put: "return count;",
      guards: [pooling],
      why: "one output more than PyTorch, a maximum of nothing",
    },
    {
      name: "window: left and bottom change places",
      find: 'must(attrs.padding[2 * i], "padding"), must(attrs.padding[2 * i + 1], "padding")',
      put: 'must(attrs.padding[i], "padding"), must(attrs.padding[2 + i], "padding")',
      guards: [conv],
      why: "asymmetric padding is put elsewhere",
    },
  ]),
  ...inFile("compiler/ops/window.ts", [
    {
      name: "max pooling: padding is 0",
      find: "taps(context, ws, LOWEST)",
      put: "taps(context, ws, 0)",
      guards: [pooling],
      why: "at the edge negative maxima become 0",
    },
    {
      name: "average pooling: padding always counts",
      find: ": { index, extent: size };",
      put: ": { index: add(index, w.before), extent: size + w.before + w.after };",
      guards: [pooling],
      why: "countIncludePad is not heeded",
    },
    {
      name: "average pooling: what hangs over the edge counts",
      find: "extent: size + w.before + w.after }",
      put: "extent: size + w.before + w.after + w.kernel }",
      guards: [pooling],
      why: "ceilMode's last windows are too small",
    },
  ]),
  ...inFile("compiler/ops/convolution.ts", [
    {
      name: "convolution: every group reads the first one's channels",
      find: "const channel = add(scale(group, perGroup), axisIndex(c));",
      put: "const channel = axisIndex(c);",
      guards: [conv],
      why: "depthwise convolutions read the first channel alone",
    },
    {
      name: "convolution: fan in without the taps",
      find: "resolveInit(attrs.init, (channels / groups) * taps, (out / groups) * taps)",
      put: "resolveInit(attrs.init, channels / groups, out / groups)",
      guards: [compile],
      why: "convolutions start with weights that are several times too large",
    },
    {
      name: "corr2d: the kernel is flipped",
      find: "load(k, taps.map(axisIndex)));",
      put: "load(k, taps.map((t, i) => add(must(kernel[i]) - 1, scale(axisIndex(t), -1)))));",
      guards: [guard("lecture/formula"), conv],
      why: "a convolution instead of a cross-correlation",
    },
  ]),
  ...inFile("compiler/ops/shape.ts", [
    {
      name: "concat: operands in the reverse order",
      find: "for (const x of inputs.toReversed()) {",
      put: "for (const x of inputs) {",
      guards: [layout],
      why: "channels are permuted",
    },
    {
      name: "transpose: by the inverse order",
      find: 'axisIndex(must(at[order.indexOf(d)], "axis"))',
      put: 'axisIndex(must(at[order[d] ?? 0], "axis"))',
      guards: [layout, gradients],
      why: "axes are permuted the wrong way where there are more than two",
    },
    {
      name: "reshape: digits in the reverse order",
      find: "return load(x, digits.reverse());",
      put: "return load(x, digits);",
      guards: [layout],
      why: "reshaped tensors are scrambled",
    },
  ]),
  ...inFile("compiler/ops/reduce.ts", [
    {
      name: "softmax: the largest element is not taken off",
      find: 'const shift = (e: Expr): Expr => call("sub", e, reduce("max", [j], along(j)));',
      put: 'const shift = (e: Expr): Expr => call("sub", e, literal(along(j) ? 0 : 1));',
      guards: [guard("numerics/policy", "softmax")],
      why: "logits beyond 88 give NaN",
    },
  ]),
  ...inFile("compiler/ops/scalar.ts", [
    {
      name: "scalar: the slope of a quotient by its divisor",
      find: '(x, y) => call("neg", call("div", y, arg(x, 1)))',
      put: '(x, y) => call("div", y, arg(x, 1))',
      guards: [guard("train/gradients", "div")],
      why: "gradients through a division have the wrong sign",
    },
    {
      name: "scalar: tanh's slope",
      find: '(_, y) => call("sub", one, call("mul", y, y))',
      put: '(_, y) => call("sub", one, y)',
      guards: [guard("train/gradients", "tanh")],
      why: "networks with tanh do not learn",
    },
    {
      name: "scalar: sigmoid's slope",
      find: 'call("mul", y, call("sub", one, y))',
      put: 'call("mul", y, call("add", one, y))',
      guards: [guard("train/gradients", "sigmoid")],
      why: "networks with sigmoid do not learn",
    },
    {
      name: "scalar: at a tie both sides of a maximum have the slope",
      find: '(x) => call("sub", one, call("less", arg(x, 1), arg(x, 0))),',
      put: '(x) => call("sub", one, call("less", arg(x, 0), arg(x, 0))),',
      guards: [guard("train/gradients", "max")],
      why: "the smaller of two operands learns as well",
    },
    {
      name: "scalar: sigmoid of large negative numbers overflows",
      find: "let e = exp(-abs(x));",
      put: "let e = exp(-x);",
      guards: [guard("numerics/policy"), pointwise],
      why: "σ(−100) is NaN",
    },
    {
      name: "scalar: tanh by exp, without the polynomial",
      find: "abs(c) < ${t}(0.625)",
      put: "abs(c) < ${t}(0.0)",
      guards: [pointwise, guard("numerics/policy")],
      why: "small arguments lose digits on some adapters",
    },
    {
      name: "scalar: a negative base loses the sign of odd powers",
      find: "select(${u}(0u), bitcast<${u}>(x) & ${u}(0x80000000u), odd)",
      put: "select(${u}(0u), bitcast<${u}>(x) & ${u}(0u), odd)",
      guards: [pointwise],
      why: "(−2)³ is 8",
    },
    {
      name: "scalar: erfc's left tail is mirrored wrongly",
      find: "return select(y, 2.0 - y, x < ${t}(0.0));",
      put: "return select(y, 1.0 - y, x < ${t}(0.0));",
      guards: [pointwise],
      why: "gelu of positive numbers is wrong",
    },
  ]),
];

const algebra: readonly Mutation[] = [
  ...inFile("compiler/math/affine.ts", [
    {
      name: "affine: a sum forgets the constant",
      find: "      sum += part.constant;\n",
      put: "",
      guards: [affine],
      why: "windows and offsets are lost",
    },
    {
      name: "affine: a range ends before its last value",
      find: "high: boundOf(atom.extent) - 1 };",
      put: "high: boundOf(atom.extent) - 2 };",
      guards: [affine],
      why: "guards that are needed vanish",
    },
    {
      name: "affine: a falling term has the range of a rising one",
      find: "    low += Math.min(a, b);\n    high += Math.max(a, b);",
      put: "    low += a;\n    high += b;",
      guards: [affine],
      why: "guards vanish where an index falls",
    },
    {
      name: "affine: an index as large as the extent is inside",
      find: "if (isKnown(extent)) return high < extent;",
      put: "if (isKnown(extent)) return high <= extent;",
      guards: [affine, conv],
      why: "the last tap of a padded window reads the next row",
    },
    {
      name: "affine: a negative index is inside",
      find: "  if (low < 0) return false;\n",
      put: "",
      guards: [conv],
      why: "the first tap of a padded window reads the row before",
    },
    {
      name: "affine: a division in a division by the sum",
      find: "div(only.atom.of, only.atom.by * by)",
      put: "div(only.atom.of, only.atom.by + by)",
      guards: [affine],
      why: "nested reshapes read other elements",
    },
    {
      name: "affine: a remainder of a remainder, whether it divides or not",
      find: 'only.atom.kind === "mod" && only.atom.by % by === 0',
      put: 'only.atom.kind === "mod"',
      guards: [affine],
      why: "(x mod 6) mod 4 becomes x mod 4",
    },
    {
      name: "affine: a common factor is not taken off the constant",
      find: "Math.floor(rest.constant / g),",
      put: "rest.constant,",
      guards: [affine],
      why: "strided windows after a reshape read other elements",
    },
    {
      name: "affine: row-major with the extent before",
      find: 'boundOf(must(shape[i], "dimension"))',
      put: 'boundOf(must(shape[i - 1], "dimension"))',
      guards: [affine, layout],
      why: "tensors that are not square are scrambled",
    },
    {
      name: "affine: a remainder may be negative",
      find: "((t.coefficient % by) + by) % by, atom: t.atom",
      put: "t.coefficient % by, atom: t.atom",
      guards: [affine],
      why: "WGSL's remainder of a negative number is negative",
    },
  ]),
  ...inFile("compiler/math/build.ts", [
    {
      name: "expressions: a sum of a constant counts N as 1",
      find: "return open.reduce((a, x) => call(join, a, size(x.extent)), literal(once));",
      put: "return literal(once);",
      guards: [gradients, guard("train/losses-optimizers", "batch norm"), guard("ops/dense"), pointwise],
      why: "a mean over the batch is a sum",
    },
    {
      name: "expressions: padding of one extent does for another",
      find: "o.extent === b.extent",
      put: "o.extent !== 0",
      guards: [identity],
      why: "of two windows of one index the first bound is checked",
    },
    {
      name: "expressions: broadcast aligns at the left",
      find: "const offset = at.length - shape.length;",
      put: "const offset = 0 * (at.length - shape.length);",
      guards: [pointwise, gradients],
      why: "biases of another rank are added along the wrong axis",
    },
  ]),
];

const structure: readonly Mutation[] = [
  ...inFile("compiler/assemble/identity.ts", [
    {
      name: "identity: without the layout",
      find: '      storages.get(node)?.order ?? "",\n',
      put: "",
      guards: [identity],
      why: "two weights that lie differently share a kernel",
    },
    {
      name: "identity: without what is in place",
      find: '      overwritten.has(node) ? "in place" : "",\n',
      put: "",
      guards: [identity],
      why: "an update shares a kernel with what it must not overwrite",
    },
    {
      name: "identity: without the type of storage",
      find: "      typeOf(storages, node),\n",
      put: "",
      guards: [identity],
      why: "f32 is read as f16, or as bytes",
    },
    {
      name: "identity: without the baked numbers",
      find: '      storages.get(node)?.values ?? "",\n',
      put: "",
      guards: [identity],
      why: "two layers share the first one's weights",
    },
  ]),
  ...inFile("compiler/math/identity.ts", [
    {
      name: "identity: without the extent of an axis",
      find: "this.lines.push(`axis ${keyOf(axis.extent)} ${axis.name}`);",
      put: "this.lines.push(`axis ${axis.name}`);",
      guards: [identity],
      why: "layers of different sizes share a kernel",
    },
    {
      name: "identity: without constants",
      find: 'return `const ${Object.is(e.value, -0) ? "-0" : e.value}`;',
      put: 'return "const";',
      guards: [identity],
      why: "leakyRelu(0.1) and leakyRelu(0.2) share a kernel",
    },
    {
      name: "identity: −0 is 0",
      find: '${Object.is(e.value, -0) ? "-0" : e.value}',
      put: "${e.value}",
      guards: [identity],
      why: "x / −0 shares a kernel with x / 0",
    },
    {
      name: "identity: without the coefficients of indices",
      find: "`${coefficient}*${this.#atom(atom)}`",
      put: "this.#atom(atom)",

      guards: [identity],
      why: "stride 1 and stride 2 share a kernel",
    },
    {
      name: "identity: without the constant of an index",
      find: 'return [constant, ...parts].join("+");',
      put: 'return [constant && 0, ...parts].join("+");',
      guards: [identity],
      why: "windows with other padding share a kernel",
    },
    {
      name: "identity: without the divisor",
      find: "${atom.kind} ${atom.by})`",
      put: "${atom.kind})`",
      guards: [identity],
      why: "reshapes by other sizes share a kernel",
    },
    {
      name: "identity: without the bounds of guards",
      find: "return `guard ${e.bounds.map(this.#bound)} ${values}`;",
      put: "return `guard ${e.bounds.length} ${values}`;",
      guards: [identity],
      why: "other paddings share a kernel",
    },
    {
      name: "identity: without the extent of a bound",
      find: "`${this.index(index)}<${keyOf(extent)}`",
      put: "`${this.index(index)}<`",
      guards: [identity],
      why: "concats of other sizes share a kernel",
    },
    {
      name: "identity: without the salt of random numbers",
      find: "return `random ${e.salt} ${this.index(e.counter)}`;",
      put: "return `random ${this.index(e.counter)}`;",
      guards: [identity],
      why: "all dropouts have one mask",
    },
    {
      name: "identity: without the slot of a rate",
      find: "return `rate ${e.slot}`;",
      put: 'return "rate";',
      guards: [identity],
      why: "Adam's corrections are the learning rate",
    },
    {
      name: "identity: without the shapes of tensors",
      find: "`tensor ${node.type.dtype} [${node.type.shape.map(keyOf)}] ${this.#describe(node)}`",
      put: "`tensor ${node.type.dtype} ${this.#describe(node)}`",
      guards: [identity],
      why: "tensors of other widths share a kernel",
    },
    {
      name: "identity: without the schedule",
      find: 'if (schedule) note("schedule", [scheduleIdentity(schedule, walk.axis)]);',
      put: "",
      guards: [identity],
      why: "a kernel that was tuned runs as another one's",
    },
    {
      name: "identity: without where the result is put",
      find: '  for (const { place } of kernel.results) note("place", place.map(walk.index));\n',
      put: "",
      guards: [identity],
      why: "a kernel that splits its axes shares one that does not",
    },
  ]),
  ...inFile("compiler/passes/order.ts", [
    {
      name: "order: an update does not wait for who reads the old value",
      find: "for (const reader of readers.get(old) ?? []) if (reader !== item) before.add(reader);",
      put: "",
      guards: [order],
      why: "SGD steps one parameter with another one's new value",
    },
    {
      name: "order: a reader does not wait for its writer",
      find: "        if (writer) before.add(writer);\n",
      put: "",
      guards: [order],
      why: "kernels read what is not there yet",
    },
    {
      name: "order: circles that one leads to are one",
      find: "(t) => after.get(t) ?? [], again",
      put: "(t) => before.get(t) ?? [], again",
      guards: [order],
      why: "of several circles one alone is opened, and the compiler takes a round for each",
    },
    {
      name: "order: updates first",
      find: '(s.region.phase === "prepare" ? 0 : overwrites(s) ? update(s) : 1)',
      put: '(s.region.phase === "prepare" ? 0 : overwrites(s) ? -update(s) : 1)',
      guards: [guard("train/losses-optimizers", "LeNet"), shared, steps],
      why: "small updates are spread, and a step has many more dispatches",
    },
  ]),
  ...inFile("compiler/passes/bundle.ts", [
    {
      name: "bundles: what depends on each other shares a dispatch",
      find: "Math.max(-1, ...waits, target",
      put: "Math.max(-1, target",
      guards: [shared, steps, guard("train/clip")],
      why: "a kernel reads what its own dispatch writes",
    },
    {
      name: "bundles: more buffers than WebGPU has",
      find: "to.buffers + own.buffers <= STORAGE_BUFFERS",
      put: "to.buffers + own.buffers <= STORAGE_BUFFERS + 1",
      guards: [steps, guard("train/clip")],
      why: "a pipeline is refused on most phones",
    },
    {
      name: "bundles: more workgroup memory than WebGPU has",
      find: "    to.room + own.room <= WORKGROUP_BYTES &&\n",
      put: "",
      guards: [guard("compiler/bundle")],
      why: "a pipeline is refused",
    },
    {
      name: "bundles: the batch tears workgroups apart",
      find: "(own.batchTile === 0 || ",
      put: "(own.batchTile >= 0 || ",
      guards: [guard("compiler/bundle")],
      why: "threads of a workgroup part at a barrier",
    },
    {
      name: "bundles: a large kernel shares its dispatch",
      find: "positionsAt(kernel.space, target) <= SMALL;",
      put: "positionsAt(kernel.space, target) <= SMALL * 1e9;",
      guards: [guard("golden"), steps, guard("train/runtime")],
      why: "small updates wait for large ones, which is slower",
      equivalent:
        "only speed: kernels in one dispatch are independent of each other whatever their sizes (LeNet's parameters are smaller than the bound)",
    },
  ]),
  ...inFile("compiler/math/queue.ts", [
    {
      name: "order: not the lowest rank comes next",
      find: "right < left",
      put: "right > left",
      guards: [order],
      why: "updates come early, and small ones do not share dispatches",
    },
  ]),
  ...inFile("compiler/passes/plan.ts", [
    {
      name: "memory: an output's buffer is free after its last reader",
      find: 'else if (region.phase === "prepare" || storages.get(root)?.seen) own(root);',
      put: 'else if (region.phase === "prepare") own(root);',
      guards: [host, compile],
      why: "an output holds another tensor's numbers",
    },
    {
      name: "memory: what is computed once may be overwritten",
      find: 'else if (region.phase === "prepare" || storages.get(root)?.seen) own(root);',
      put: "else if (storages.get(root)?.seen) own(root);",
      guards: [compile, host],
      why: "the second run computes with other weights",
    },
    {
      name: "memory: a buffer is free one reader too early",
      find: "lastRead.get(tensor) === i) free.push",
      put: "(lastRead.get(tensor) ?? 0) > i) free.push",
      guards: [compile, host],
      why: "a residual is overwritten before it is added",
    },
    {
      name: "memory: a dispatch may overwrite what it reads",
      find: "      place.set(root, takeSlot(bytesOf(root, storages), root.origin.name, buffers, free));\n    }",
      put: '      for (const t of readsOf(steps)) if (transient.has(t) && lastRead.get(t) === i) free.push(must(place.get(t), "buffer"));\n      place.set(root, takeSlot(bytesOf(root, storages), root.origin.name, buffers, free));\n    }',
      guards: [compile, host],
      why: "WebGPU refuses the dispatch",
    },
    {
      name: "memory: a buffer does not grow with what it holds",
      find: "perBatch: Math.max(buffer.bytes.perBatch, need.perBatch),",
      put: "perBatch: buffer.bytes.perBatch,",
      guards: [compile],
      why: "the end of a tensor is lost",
    },
    {
      name: "memory: the largest batch is one too large",
      find: "Math.floor((BINDING_BYTES - bytes.fixed) / bytes.perBatch)",
      put: "Math.floor((BINDING_BYTES - bytes.fixed) / bytes.perBatch) + 1",
      guards: [compile, guard("report/report"), guard("report/text"), guard("golden")],
      why: "the batch that a report promises is refused",
    },
    {
      name: "memory: f16 takes four bytes",
      find: "codecs[type].bytes(count.perBatch)",
      put: "4 * count.perBatch",
      guards: [guard("ops/f16")],
      why: "f16 saves no memory",
    },
  ]),
  ...inFile("compiler/passes/precision.ts", [
    {
      name: "narrow: what the host sees, too",
      find: "wide(node) && !seen.has(node)",
      put: "wide(node)",
      guards: [guard("ops/quantised", "host sees"), guard("ops/f16")],
      why: "an output that is a parameter comes as words",
    },
  ]),
  ...inFile("compiler/passes/storage.ts", [
    {
      name: "host: outputs may lie in another order",
      find: "    seen.add(held);\n",
      put: "",
      guards: [host],
      why: "an output comes back permuted, or as f16",
    },
    {
      name: "host: an output that reshapes is looked at by itself",
      find: "const held = aliases.get(node) ?? node;",
      put: "const held = node;",
      guards: [host],
      why: "a reshaped output comes back permuted",
    },
  ]),
  ...inFile("compiler/passes/layout.ts", [
    {
      name: "layout: what a reshape reads is laid out anew",
      find: "return new Set(divided.map((l) => l.from));",
      put: "return new Set(divided.slice(0, 0).map((l) => l.from));",
      guards: [host, compile, identity],
      why: "a weight that is also reshaped is read scrambled",
      equivalent:
        "the address of every read is computed from its index in the tensor's order, whatever divisions it holds; only that a reshape costs nothing is lost",
    },
    {
      name: "layout: what overwrites a tensor lies otherwise",
      find: "if (order) for (const node of [root, overwrites]) orders.set(node, order);",
      put: "if (order) orders.set(overwrites, order);",
      guards: [steps, shared],
      why: "after a step weights are permuted",
    },
  ]),
  ...inFile("compiler/passes/multiOutput.ts", [
    {
      name: "multi-output fusion: whatever comes between",
      find: "if (next.after.has(b)) return true;",
      put: "if (next.after.has(b)) return false;",
      guards: [several],
      why: "kernels wait for each other",
    },
    {
      name: "multi-output fusion: nothing comes between the later one and the earlier one",
      find: "if (isBetween(a, b) || isBetween(b, a)) return undefined;",
      put: "if (isBetween(a, b)) return undefined;",
      guards: [several],
      why: "kernels wait for each other",
    },
    {
      name: "multi-output fusion: what is later than one of them is not looked at",
      find: "const last = Math.max(a.at, b.at);",
      put: "const last = b.at;",
      guards: [several],
      why: "kernels wait for each other",
    },
    {
      name: "multi-output fusion: positions of other counts are the same",
      find: "(g) => g !== current && g.space === current.space",
      put: "(g) => g !== current",
      guards: [several],
      why: "results are stored at positions that they do not have",
    },
    {
      name: "multi-output fusion: results are kept that nobody reads",
      find: "const results = [...a.results.filter(isNeeded), ...added];",
      put: "const results = [...a.results, ...added];",
      guards: [several],
      why: "what nobody reads is stored",
    },
    {
      name: "multi-output fusion: what is written over may be read elsewhere",
      find: "if (!all.every((r) => !r.overwrites || readsAt(all, r.overwrites, r.place))) return undefined;",
      put: "",
      guards: [several, shared, steps],
      why: "threads read what others have overwritten",
    },
    {
      name: "multi-output fusion: small tensors in common count",
      find: "return perBatch > places.perBatch || (perBatch === places.perBatch && fixed >= places.fixed);",
      put: "return true;",
      guards: [several],
      why: "kernels are one that save nothing",
    },
    {
      name: "multi-output fusion: a contraction takes along what it does not make",
      find: "if (made && own === undefined) return true;",
      put: "if (own === undefined) return true;",
      guards: [several],
      why: "work is done at the pace of a product that it is no part of",
    },
    {
      name: "multi-output fusion: reductions may depend on other axes",
      find: "=== 0) && reducedAlong(a) === own;",
      put: "=== 0);",
      guards: [several],
      why: "a row's sum is computed at each of its positions",
    },
    {
      name: "multi-output fusion: a result that others read is dropped",
      find: "seen.has(r.root) || isRead(r)",
      put: "seen.has(r.root)",
      guards: [several, guard("train/losses-optimizers")],
      why: "a kernel reads what nobody stores",
    },
    {
      name: "multi-output fusion: more tensors than a stage binds",
      find: "if (buffers > STORAGE_BUFFERS)",
      put: "if (buffers > STORAGE_BUFFERS + 1)",
      guards: [several],
      why: "devices refuse the kernel",
    },
    {
      name: "multi-output fusion: a reduction takes the axes of one that is within it",
      find: " && !inside.has(a)",
      put: "",
      guards: [
        guard("train/losses-optimizers", "batch norm"),
        guard("train/gradients", "batchNorm2d in training"),
      ],
      why: "a loop counts for two sums at once",
    },
  ]),
  ...inFile("compiler/passes/update.ts", [
    {
      name: "updates: one that reads its parameter elsewhere is in place",
      find: "if (!region || taken.has(update.value) || !overwritesItsOwn(region, update)) continue;",
      put: "if (!region || taken.has(update.value)) continue;",
      guards: [shared],
      why: "threads read what others have overwritten",
    },
  ]),
  ...inFile("compiler/passes/rules.ts", [
    {
      name: "legalise: one tensor too many is joined",
      find: "node.inputs.length <= MOST_READS) return undefined;",
      put: "node.inputs.length <= MOST_READS + 1) return undefined;",
      guards: [compile],
      why: "a concat of eight binds nine buffers",
    },
    {
      name: "legalise: of a long concat the groups lose their last tensor",
      find: "node.inputs.slice(i, i + MOST_READS);",
      put: "node.inputs.slice(i, i + MOST_READS - 1);",
      guards: [compile, layout],
      why: "channels are missing",
    },
    {
      name: "simplify: a batch norm is taken apart though others read the convolution",
      find: "return context.users(conv) > 1 || context.isOutput(conv) ? undefined : inTwoSteps(node);",
      put: "return inTwoSteps(node);",
      guards: [compile],
      why: "a kernel more for what is computed already",
    },
    {
      name: "simplify: dropout vanishes in training",
      find: 'description: "dropout(x) ⇒ x at inference",\n    holds: "inference",',
      put: 'description: "dropout(x) ⇒ x at inference",\n    holds: "always",',
      guards: [guard("train/runtime"), guard("train/gradients", "dropout")],
      why: "nothing is dropped",
      equivalent:
        "in a training step dropout has its training form before any rule is asked; the rule meets it in programs that measure alone, which drop nothing",
    },
  ]),
  ...inFile("compiler/passes/pack.ts", [
    {
      name: "pack: all operands lie at the beginning",
      find: "      offset += sizeOf(operand);\n",
      put: "",
      guards: [shared],
      why: "an op of many operands reads the first for all",
    },
  ]),
  ...inFile("compiler/passes/precision.ts", [
    {
      name: "f16: biases and statistics, too",
      find: 'node.type.shape.length > 1 && node.type.dtype === "f32"',
      put: 'node.type.shape.length > 0 && node.type.dtype === "f32"',
      guards: [guard("ops/f16")],
      why: "variances leave the range of f16",
    },
  ]),
  ...inFile("compiler/passes/split.ts", [
    {
      name: "split sums: the axis that is split is summed twice",
      find: "whole.axes.filter((a) => a !== taken)",
      put: "whole.axes",
      guards: [guard("train/gradients-models"), steps],
      why: "gradients of convolutions are too large",
    },
    {
      name: "split sums: examples are taken apart on no target",
      find: "target.vectors ? examples(whole.axes) : longest(whole.axes)",
      put: "longest(whole.axes)",
      guards: [guard("train/gradients-models", "take the longest axis apart")],
      why: "training in WebAssembly takes half as long again",
    },
  ]),
  ...inFile("compiler/passes/bake.ts", [
    {
      name: "bake: numbers are not rounded as stored",
      find: 'typeOf(storages, p) === "f16" ? v.map(roundedToHalf) : v',
      put: "v",
      guards: [guard("bake/rule"), guard("bake/run")],
      why: "baked f16 weights differ from loaded ones",
    },
  ]),
];

export const compiler: readonly Mutation[] = [...meanings, ...algebra, ...structure];
