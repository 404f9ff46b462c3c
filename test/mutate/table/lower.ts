/** Mutations of lowering and of what prints: threads, tiles, barriers, vectors, names, numbers. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const writers = guard("wgsl/writers");
const gpu = guard("compiler/gpu");
const target = guard("compiler/target");
const conv = guard("ops/conv2d");
const dense = guard("ops/dense");
const pointwise = guard("ops/pointwise");
const layout = guard("ops/layout");
const looped = guard("compiler/looped");
const schedules = guard("tune/schedules");
const f16 = guard("ops/f16");
const long = guard("numerics/long-sums");
const steps = guard("train/losses-optimizers");
const passes = guard("lower/passes");
const print = guard("lower/print");
/** Schedules of every strategy, carried out step by step. */
const carried = guard("strategies/text", "carried out");
const texts = guard("strategies/text");

const together: readonly Mutation[] = [
  ...inFile("compiler/strategies/workgroupTile/stage.ts", [
    {
      name: "stage: no barrier before what was fetched is read",
      find: 'undefined : total);\n    lowering.push({ kind: "barrier" });',
      put: "undefined : total);",
      guards: [carried, gpu],
      why: "threads read what their neighbours have not fetched yet",
    },
    {
      name: "stage: no barrier before the next part is fetched",
      find: '    });\n    lowering.push({ kind: "barrier" });\n  });',
      put: "    });\n  });",
      guards: [carried, gpu],
      why: "threads overwrite what their neighbours still read",
    },
    {
      name: "stage: steps beyond the sum count",
      find: "known && known % depth === 0 ? undefined : total",
      put: "known ? undefined : total",
      guards: [carried, gpu],
      why: "sums that no block divides have too much",
    },
    {
      name: "stage: the last part of a sum is left out",
      find: "Math.ceil(n / depth)",
      put: "Math.floor(n / depth)",
      guards: [carried, gpu],
      why: "sums that no block divides lack their end",
    },
    {
      name: "stage: beyond the sum stands what was there",
      find: "return total ? choose(less(raw, total), whole, float(0, wide)) : whole;",
      put: "return whole;",
      guards: [carried, gpu],
      why: "the last element is added several times",
    },
    {
      name: "stage: rounds overlap",
      find: "plus(step, times(round, int(stride)))",
      put: "plus(step, round)",
      guards: [carried, gpu],
      why: "some steps are fetched twice, others never",
    },
  ]),
  ...inFile("compiler/strategies/uniformTile.ts", [
    {
      name: "uniform tile: what is past the end is stored",
      find: "finish(lowering, kernel, accumulation, busy);",
      put: "finish(lowering, kernel, accumulation, []);",
      guards: [guard("strategies/uniformTile")],
      why: "threads too many overwrite the last position, or what follows it",
    },
  ]),
  ...inFile("compiler/strategies/workgroupTile/block.ts", [
    {
      name: "uniform tile: a thread's place among the columns is its own",
      find: "along === 1 ? int(0) : ",
      put: "along === 0 ? int(0) : ",
      guards: [guard("strategies/uniformTile")],
      why: "every thread fetches every weight for itself",
    },
    {
      name: "block: threads beyond the last place store as well",
      find: "const busy = excess ? [less(place, int(count))] : [];",
      put: "const busy: Value[] = [];",
      guards: [carried, writers],
      why: "the last place is stored several times, by threads with the same number",
    },
    {
      name: "block: places beyond the last are not clamped",
      find: "excess ? lowering.let(`${stem}s`, least(place, int(count - 1))) : place",
      put: "place",
      guards: [carried, gpu],
      why: "threads that are too many read beyond the tensor",
      equivalent:
        "threads that are too many store nothing, what they fetch nobody else reads, and WebGPU keeps their reads within the buffer",
    },
    {
      name: "block: too few workgroups along a side",
      find: "Math.ceil(countOf(tiles) / along);",
      put: "Math.max(1, Math.floor(countOf(tiles) / along));",
      guards: [carried, gpu],
      why: "the last rows are never computed",
    },
    {
      name: "block: rows and columns are numbered alike",
      find: 'lowering.let(outer.stem, binary("/", local(), size))',
      put: 'lowering.let(outer.stem, binary("%", local(), int(sizeOf(outer))))',
      guards: [carried, gpu],
      why: "most of a block is never computed",
    },
    {
      name: "block: examples beyond the batch are threads of it",
      find: "batchTile: rows.batch ? rows.batch.tiled.tile * rows.batch.threads : batch,",
      put: "batchTile: rows.batch ? rows.batch.tiled.tile * rows.batch.threads * 2 : batch,",
      guards: [carried, gpu],
      why: "half of a batch is not computed",
    },
  ]),
  ...inFile("compiler/strategies/parallelReduction.ts", [
    {
      name: "team: every member stores",
      find: '      binary("==", team.member, int(0)),\n',
      put: "",
      guards: [carried, writers],
      why: "a result is stored by all members of a team",
    },
    {
      name: "schedules: parts of sums that need more memory than there is, or are cut into blocks",
      find: "return whole && bytes <= WORKGROUP_BYTES ? scheduled(",
      put: "return bytes > 0 ? scheduled(",
      guards: [texts],
      why: "a tuning file makes a kernel that no device builds, or wrong sums",
    },
  ]),
  ...inFile("compiler/strategies/text.ts", [
    {
      name: "schedules: sizes of nothing",
      find: "/^[1-9]\\d*(×[1-9]\\d*)*$/",
      put: "/^\\d+(×\\d+)*$/",
      guards: [texts],
      why: "a tuning file with a 0 ends in a division by it",
    },
    {
      name: "schedules: something said twice",
      find: " || said.has(label)",
      put: "",
      guards: [texts],
      why: "a tuning file that contradicts itself is not refused",
    },
    {
      name: "schedules: labels that a strategy does not know",
      find: "if (label === undefined || ",
      put: "if (label === undefined) continue;\n    if (",
      guards: [texts],
      why: "a slip in a tuning file is passed over",
    },
  ]),
  ...inFile("compiler/strategies/index.ts", [
    {
      name: "schedules: a text that says more than the schedule that is made of it",
      find: "printSchedule(kernel, parsed) === text ? parsed : undefined",
      put: "parsed",
      guards: [texts],
      why: "a slip in a tuning file is passed over",
    },
    {
      name: "schedules: a strategy's name anywhere",
      find: "said?.keys().next().value === name ? said : undefined",
      put: "said?.has(name) ? said : undefined",
      guards: [texts],
      why: "texts of one strategy are taken as another's",
    },
  ]),
  ...inFile("compiler/strategies/contraction.ts", [
    {
      name: "schedules: several axes in blocks",
      find: "if (blocks.length > 1) return undefined;",
      put: "if (blocks.length > 9) return undefined;",
      guards: [texts, schedules],
      why: "loops over blocks do not nest: parts of a sum are missing",
    },
    {
      name: "schedules: parts of vectors",
      find: "% vectorWidth(columns) === 0) &&",
      put: "% 1 === 0) &&",
      guards: [texts, schedules],
      why: "a tuning file ends in a fault of Weft's",
    },
    {
      name: "schedules: tiles larger than their axis",
      find: "space.every((a, i) => (tile[i] ?? 1) <= most(a)) &&",
      put: "space.every((a) => most(a) > 0) &&",
      guards: [texts, schedules],
      why: "positions before the first one are computed",
    },
  ]),
  ...inFile("compiler/strategies/teams.ts", [
    {
      name: "schedules: teams that do not divide the workgroup",
      find: "size > 1 && workgroup % size === 0 ?",
      put: "size > 1 ?",
      guards: [texts],
      why: "some places have no thread",
    },
  ]),
  ...inFile("compiler/strategies/splitK.ts", [
    {
      name: "split-K: parts that do not divide the sum",
      find: "Number(axis.extent) % parts === 0 &&",
      put: "Number(axis.extent) >= parts &&",
      guards: [guard("strategies/splitK"), texts],
      why: "the end of a sum is missing",
    },
  ]),
  ...inFile("compiler/strategies/workgroupTile/rule.ts", [
    {
      name: "rule: a tiling that fills a part of the device stands as if it filled it",
      find: "const cost = work / (useful * Math.min(1, fill) * rate) + again;",
      put: "const cost = work / (useful * rate) + again;",
      guards: [guard("strategies/rule")],
      why: "small products run on a few cores",
    },
    {
      name: "rule: a second pass costs nothing",
      find: "cut && cut.cost < GAIN * whole.cost ? cut : whole",
      put: "cut ?? whole",
      guards: [guard("strategies/rule")],
      why: "sums are cut where that takes longer",
    },
    {
      name: "schedules: steps that the columns' threads do not share evenly",
      find: "depth % columns === 0 &&",
      put: "depth >= columns &&",
      guards: [texts],
      why: "some steps are fetched by nobody",
    },
  ]),
  ...inFile("compiler/lower/team.ts", [
    {
      name: "team: no barrier before the parts are put together",
      find: '  builder.push({ kind: "barrier" });\n',
      put: "",
      guards: [gpu],
      why: "sums lack what other members have not stored yet",
    },
    {
      name: "team: the own part counts twice",
      find: 'if (op === "sum" || op === "prod")',
      put: 'if (op === "max")',
      guards: [gpu],
      why: "sums are too large",
    },
    {
      name: "team: members take the same steps",
      find: '{ stem: "turn", start: member, end: count, step: size',
      put: '{ stem: "turn", start: member, end: count, step: 1',
      guards: [gpu],
      why: "most of a sum is counted several times",
    },
    {
      name: "team: the last member's part is left out",
      find: 'builder.for("part", { end: int(size) }',
      put: 'builder.for("part", { end: int(size - 1) }',
      guards: [gpu],
      why: "sums lack a part",
    },
    {
      name: "team: parts of the neighbouring team",
      find: "plus(place, times(part, int(workgroup / size)))",
      put: "plus(place, times(part, int(size)))",
      guards: [gpu, schedules],
      why: "sums are mixed with their neighbours'",
    },
  ]),
  ...inFile("compiler/lower/quads.ts", [
    {
      name: "quads: every element comes from the first thread",
      find: "broadcast(own, i)",
      put: "broadcast(own, i * 0)",
      guards: [target],
      why: "three of four elements are the first one's",
    },
    {
      name: "quads: fours at uneven distances are even",
      find: "const even = four.length === 4 && distance(four, 1) === distance(four.slice(2), 1);",
      put: "const even = four.length === 4;",
      guards: [target, schedules, conv],
      why: "a thread fetches another element than it hands over",
    },
  ]),
  ...inFile("compiler/lower/entry.ts", [
    {
      name: "threads: the rest of a workgroup computes, too",
      find: 'binary(">=", thread, count)',
      put: "less(count, thread)",
      guards: [pointwise, conv],
      why: "a thread too many overwrites the first element of what follows",
    },
    {
      name: "threads: kernels side by side begin at the same thread",
      find: 'binary("-", number, int(first))',
      put: 'binary("-", number, int(first * 0))',
      guards: [steps, guard("compiler/bundle")],
      why: "biases are updated from the wrong place",
    },
    {
      name: "threads: kernels side by side share the last workgroup",
      find: "Math.ceil((p.grid.items * threadsIn(p.together, workgroup)) / workgroup)",
      put: "Math.floor((p.grid.items * threadsIn(p.together, workgroup)) / workgroup)",
      guards: [guard("compiler/bundle")],
      why: "the last results of a kernel are not computed",
    },
    {
      name: "threads: side by side, all examples are the first ones",
      find: "plus(times(examples, int(size)), own)",
      put: "own",
      guards: [guard("compiler/bundle")],
      why: "one block of examples is computed again and again",
    },
    {
      name: "threads: the last tile of examples has no threads",
      find: "plus(batchCount(), int(batchTile - 1))",
      put: "batchCount()",
      guards: [target, conv],
      why: "the last examples of a batch are not computed",
    },
  ]),
];

const tiles: readonly Mutation[] = [
  ...inFile("compiler/lower/threads.ts", [
    {
      name: "tiles: a tile that was moved back is not",
      find: "least(first, int((axis.extent - tile) / unit))",
      put: "least(first, int(axis.extent / unit))",
      guards: [conv, dense],
      why: "the last tile reads and writes beyond its axis",
    },
    {
      name: "tiles: moved back tiles store what their neighbours own",
      find: 'owned: offsets.map((r) => binary(">=", plus(times(place, int(unit)), int(r)), own)),',
      put: "owned: offsets.map(() => undefined),",
      guards: [writers],
      why: "a place is stored twice, in place with its value after the first",
    },
    {
      name: "tiles: one tile too few along an axis",
      find: "return isBatch(axis.extent) ? 1 : Math.ceil(boundOf(axis.extent) / tile);",
      put: "return isBatch(axis.extent) ? 1 : Math.floor(boundOf(axis.extent) / tile);",
      guards: [conv, dense],
      why: "the end of an axis that no tile divides is not computed",
    },
    {
      name: "tiles: examples beyond the batch are stored",
      find: "(sure(r) ? undefined : less(plus(first, int(r)), end))",
      put: "(sure(r) || r > 0 ? undefined : less(plus(first, int(r)), end))",
      guards: [writers],
      why: "the buffers of larger batches are written beyond the batch",
      equivalent:
        "positions beyond the batch are clamped to its last example, which the same thread holds: it stores that value once more, and no state that is overwritten has examples",
    },
    {
      name: "tiles: examples beyond the batch are read",
      find: 'least(at, binary("-", end, int(1)))',
      put: "at",
      guards: [target, conv, gpu],
      why: "reads beyond the batch",
      equivalent:
        "what is computed for an example beyond the batch is not stored; WebGPU keeps the reads within the buffer",
    },
    {
      name: "tiles: the order of threads along two axes",
      find: 'block = binary("%", rest, count);',
      put: 'block = binary("%", rest, plus(count, int(count === int(1) ? 0 : 1)));',
      guards: [conv, dense],
      why: "some places are computed twice, others never",
    },
    {
      name: "tiles: quads that are filled up store as well",
      find: "busy: [less(within, int(count))] };",
      put: "busy: [] };",
      guards: [writers],
      why: "places are stored twice",
    },
  ]),
  ...inFile("compiler/lower/contraction.ts", [
    {
      name: "sum: the steps that no block divides are left out",
      find: "else if (left > 0) tail(into);",
      put: "",
      guards: [conv, dense],
      why: "sums of odd lengths lack their end",
    },
    {
      name: "sum: blocks overlap",
      find: "steps(scale(axisIndex(over), block), block, parts)",
      put: "steps(axisIndex(over), block, parts)",
      guards: [conv, dense],
      why: "some products are added several times",
    },
    {
      name: "sum: parts of a list overlap",
      find: "list.slice(cut(i), cut(i + 1))",
      put: "list.slice(cut(i), cut(i + 1) + 1)",
      guards: [conv, guard("golden")],
      why: "some products are added twice",
    },
  ]),
  ...inFile("compiler/lower/sums.ts", [
    {
      name: "lowering: a maximum starts from 0",
      find: "{ sum: 0, prod: 1, max: LOWEST, min: -LOWEST }",
      put: "{ sum: 0, prod: 1, max: 0, min: -LOWEST }",
      guards: [guard("ops/norm"), guard("ops/pooling"), guard("numerics/policy")],
      why: "maxima of negative numbers are 0",
    },
    {
      name: "long sums: one accumulator takes up all",
      find: "if (turns.reduce((a, n) => a * n, each) <= LONG) return turns.map(() => []);",
      put: "if (turns.length >= 0) return turns.map(() => []);",
      guards: [long],
      why: "the mean of 20 million ones is 0.839",
    },
    {
      name: "long sums: the last block runs beyond the end",
      find: "least(plus(turn, int(size * step)), all)",
      put: "plus(turn, int(size * step))",
      guards: [long],
      why: "what lies beyond the tensor is added",
    },
    {
      name: "long sums: a block begins with the sum of the one before",
      find: 'builder.assign(total, "+=", must(parts[i], "part"));',
      put: 'builder.assign(total, "=", must(parts[i], "part"));',
      guards: [long],
      why: "a sum is that of its last block",
    },
  ]),
  ...inFile("compiler/lower/epilogue.ts", [
    {
      name: "looped tiles: the place in the array",
      find: "place = add(scale(place, h.at.length), register);",
      put: "place = add(place, register);",
      guards: [looped],
      why: "accumulators are stored at each other's places",
    },
    {
      name: "looped tiles: a tile that was moved back is walked as if it were its own",
      find: "if (!first || !second || owned.some((o) => o !== undefined)) return undefined;",
      put: "if (!first || !second) return undefined;",
      guards: [writers],
      why: "places are stored twice, in the walk of each tile",
    },
  ]),
  ...inFile("compiler/lower/store.ts", [
    {
      name: "store: vectors at any address",
      find: "at.constant % width === 0 &&",
      put: "at.constant % 1 === 0 &&",
      guards: [layout, conv, gpu, schedules],
      why: "vectors are stored a part of them too early",
      equivalent:
        "the address of a result has no constant: a kernel's place starts at 0 in each dimension, so the condition holds always",
    },
    {
      name: "store: components in the reverse order",
      find: "component(out, l)",
      put: "component(out, width - 1 - l)",
      guards: [conv, dense],
      why: "neighbouring channels are mirrored",
    },
  ]),
  ...inFile("compiler/lower/vectorise.ts", [
    {
      name: "vectors: addresses that no vector divides are read as such",
      find: "while (t.coefficient % notes.alignment !== 0) notes.alignment /= 2;",
      put: "while (t.coefficient % 1 !== 0) notes.alignment /= 2;",
      guards: [conv, dense],
      why: "tensors of odd rows are read shifted",
    },
    {
      name: "vectors: the component of a negative address",
      find: "((address.constant % width) + width) % width",
      put: "Math.abs(address.constant % width)",
      guards: [guard("ops/pooling")],
      why: "windows with padding read the mirrored component",
    },
  ]),
  ...inFile("compiler/lower/hoist.ts", [
    {
      name: "hoist: a division of a negative index rounds towards 0",
      find: "const turns = Math.max(0, Math.ceil(-rangeOf(atom.of).low / atom.by));",
      put: "const turns = 0;",
      guards: [guard("ops/define")],
      why: "gradients of strided windows read other taps",
    },
    {
      name: "hoist: the turns are not taken back",
      find: 'binary("-", binary("/", of.value, by), int(turns))',
      put: 'binary("/", of.value, by)',
      guards: [guard("train/gradients", "conv2d"), guard("train/gradients-own")],
      why: "gradients of strided windows are shifted",
    },
  ]),
  ...inFile("compiler/ops/codec.ts", [
    {
      name: "codec: the bytes of a word in the reverse order",
      find: 'one < 32 ? binary(">>", word, place)',
      put: 'one < 32 ? binary(">>", word, binary("-", uint(32 - one), place))',
      guards: [guard("ops/quantised", "linear, odd"), guard("train/runtime")],
      why: "pixels of a data set are swapped in fours",
    },
    {
      name: "codec: a scale is taken from the words of a block",
      find: "fromBits(loadFrom(from, block))",
      put: "fromBits(loadFrom(from, plus(block, int(1))))",
      guards: [guard("ops/quantised", "linear, odd")],
      why: "quantised weights have any size",
    },
    {
      name: "codec: lanes of a vector are one field",
      find: "uint(lane * bits)",
      put: "uint(0)",
      guards: [guard("ops/quantised", "linear, fours")],
      why: "four neighbouring weights are the first one",
    },
    {
      name: "codec: f16 results are not clamped",
      find: 'apply("clamp", value, float(-LARGEST_HALF, width), float(LARGEST_HALF, width))',
      put: "value",
      guards: [f16],
      why: "large activations become infinite",
    },
  ]),
  ...inFile("compiler/lower/evaluate.ts", [
    {
      name: "lowering: the lower bound of a guard is left out",
      find: 'const above = low < 0 ? [binary(">=", at, int(0))] : [];',
      put: 'const above = low < 0 ? [binary(">=", at, int(low))] : [];',
      guards: [conv],
      why: "padding at the top and at the left is what lies before",
    },
    {
      name: "lowering: the upper bound of a guard is one too large",
      find: "less(at, sizeValue(extent))",
      put: "less(plus(at, int(-1)), sizeValue(extent))",
      guards: [conv],
      why: "padding at the bottom and at the right is what lies behind",
    },
    {
      name: "lowering: rows outside their table are read",
      find: 'apply("clamp", number, int(0), binary("-", sizeValue(extent), int(1)))',
      put: "number",
      guards: [guard("ops/gather")],
      why: "a number that is too large gives what lies behind the table",
    },
  ]),
  ...inFile("compiler/targets/wgsl/literal.ts", [
    {
      name: "WGSL: constants of six digits",
      find: "for (let digits = 1; digits < 9; digits++) {",
      put: "for (let digits = 1; digits < 9; digits += 9) {",
      guards: [guard("bake/run"), guard("golden")],
      why: "constants have more digits than they need: larger bundles",
    },
    {
      name: "WGSL: −0 is 0",
      find: 'const text = Object.is(v, -0) ? "-0.0" : shortest(v);',
      put: "const text = shortest(v);",
      guards: [guard("bake/run"), guard("bake/rule"), guard("compiler/identity")],
      why: "a literal of −0 is written with the sign of 0",
    },
  ]),
  ...inFile("compiler/targets/wgsl/print.ts", [
    {
      name: "random: a mask of whole rows",
      find: "f32(hash(counter ^ key) >> 8u)",
      put: "f32(hash(key) >> 8u)",
      guards: [guard("train/gradients", "dropout")],
      why: "dropout drops all or nothing",
    },
  ]),
];

/** What the passes and the printer promise, whatever kernel they are given. */
const promises: readonly Mutation[] = [
  ...inFile("compiler/lower/quads.ts", [
    {
      name: "quads: of two distances one is taken twice",
      find: "return add(scale(axisIndex(LOW), near), scale(axisIndex(HIGH), far));",
      put: "return add(scale(axisIndex(LOW), near), scale(axisIndex(HIGH), near));",
      guards: [passes],
      why: "the third and the fourth element of two pairs come from the wrong place",
    },
    {
      name: "quads: a thread is its quad's first or second",
      find: 'binary(">>", quad, uint(1))',
      put: 'binary("&", quad, int(1))',
      guards: [passes],
      why: "the third thread fetches what the first one does",
    },
    {
      name: "quads: each for itself",
      find: "if (sorted.length < 2) return [];",
      put: "if (sorted.length < 20) return [];",
      guards: [passes],
      why: "kernels for CPU adapters load four times as much",
    },
  ]),
  ...inFile("compiler/lower/vectorise.ts", [
    {
      name: "vectors: what is written, too",
      find: "memory.writable || !vectors || ",
      put: "!vectors || ",
      guards: [passes],
      why: "a result that overwrites an operand is stored at the addresses of vectors",
    },
    {
      name: "vectors: a whole one from any place",
      find: "width === lanes.length && first.constant % width === 0",
      put: "width === lanes.length",
      guards: [passes],
      why: "four neighbours from an odd place on are those before them",
    },
    {
      name: "vectors: a whole one in any order",
      find: "if (!isConsecutive(lanes.map((e) => e.at))) return undefined;",
      put: "",
      guards: [passes],
      why: "transposed weights are read row by row",
    },
    {
      name: "vectors: as many loads as numbers are enough",
      find: "vectors * 1.5 <= elements.size",
      put: "vectors <= elements.size",
      guards: [passes],
      why: "a thread loads four numbers where it needs one",
    },
  ]),
  ...inFile("compiler/lower/hoist.ts", [
    {
      name: "hoist: a value is named where it is met",
      find: 'this.#push({ kind: "let", variable, value }, depth);',
      put: 'this.#push({ kind: "let", variable, value });',
      guards: [passes],
      why: "what a loop does not change is computed in each of its turns, and after it there is no such name",
    },
    {
      name: "hoist: every thread fetches what some overwrite",
      find: "const depth = v.from.writable ? Math.max(known, this.#condition) : known;",
      put: "const depth = known;",
      guards: [guard("sizes/training")],
      why: "threads that store nothing read a parameter while another one writes it",
    },
    {
      name: "hoist: a value is named where its first part is known",
      find: "const depth = Math.max(0, ...parts.map((p) => p.depth));",
      put: "const depth = parts[0]?.depth ?? 0;",
      guards: [passes],
      why: "names are used before what they are made of",
    },
    {
      name: "hoist: a loop's variable is known everywhere",
      find: "const body = this.scope(s.body, () => this.#variables.set(s.variable, this.#depth));",
      put: "const body = this.scope(s.body, () => {});",
      guards: [passes],
      why: "names are used outside of the loop that they depend on",
    },
    {
      name: "hoist: equal values have names of their own",
      find: 'if (known?.value.kind === "variable") return known;',
      put: "",
      guards: [passes],
      why: "what addresses have in common is computed for each of them",
    },
    {
      name: "hoist: terms that read each other's sums are one step",
      find: "changed.has(s.to) || reads(s.value)",
      put: "changed.has(s.to)",
      guards: [passes],
      why: "a value is computed before what it reads was assigned",
    },
    {
      name: "hoist: what was named may change",
      find: "if (this.#settled.has(s.to))",
      put: "if (this.#settled.has(s.value))",
      guards: [passes],
      why: "a name keeps the sum of an earlier step, without a word",
    },
    {
      name: "hoist: one address for all remainders",
      find: 'atom.kind === "mod" ? binary("%", of.value, by)',
      put: 'atom.kind === "mod" ? binary("/", of.value, by)',
      guards: [passes],
      why: "reshapes and groups read other elements",
    },
    {
      name: "hoist: a negative coefficient adds",
      find: 'if (!empty) return binary("-", sum, times(value, int(-coefficient)));',
      put: "if (!empty) return plus(sum, times(value, int(-coefficient)));",
      guards: [passes],
      why: "gradients of windows read beyond the tensor",
    },
  ]),
  ...inFile("compiler/targets/wgsl/values.ts", [
    {
      name: "print: a right operand of the same rank without parentheses",
      find: "inner(v.right, operands)",
      put: "inner(v.right, rank)",
      guards: [print],
      why: "a − (b − c) is a − b − c",
    },
    {
      name: "print: a left operand of any rank",
      find: "const fits = own >= operands || (own === rank && CHAINS.has(v.op));",
      put: "const fits = own > ANY;",
      guards: [print],
      why: "(a + b) · c is a + b · c",
    },
    {
      name: "print: every operator in a row",
      find: "(own === rank && CHAINS.has(v.op))",
      put: "own === rank",
      guards: [print],
      why: "WGSL refuses two shifts in a row",
    },
    {
      name: "print: a remainder of a remainder",
      find: '"%": { rank: 5, operands: UNARY }',
      put: '"%": { rank: 5, operands: 5 }',
      guards: [print],
      why: "a % (b / c) is a % b / c",
    },
    {
      name: "print: comparisons beside a bitwise and",
      find: '"&": { rank: 2, operands: UNARY }',
      put: '"&": { rank: 2, operands: RELATION }',
      guards: [print],
      why: "WGSL refuses guards of two bounds",
    },
    {
      name: "print: the negative of a sum",
      find: "`-${inner(v.of, PRIMARY)}`",
      put: "`-${inner(v.of)}`",
      guards: [print],
      why: "−(a + b) is −a + b",
    },
    {
      name: "print: negative literals as they are",
      find: "rank: v.value < 0 || Object.is(v.value, -0) ? ANY : PRIMARY,",
      put: "rank: PRIMARY,",
      guards: [print],
      why: "a negative number that is negated begins with another token: --",
    },
    {
      name: "print: the workgroup's number binds like a name",
      find: `rank: OPERATORS["+"].rank };`,
      put: "rank: PRIMARY };",
      guards: [print],
      why: "beyond 65,535 workgroups threads have wrong numbers",
    },
    {
      name: "print: a select the other way round",
      find: "[v.otherwise, v.then, v.condition]",
      put: "[v.then, v.otherwise, v.condition]",
      guards: [print],
      why: "padding is inside",
    },
  ]),
  ...inFile("compiler/math/value.ts", [
    {
      name: "values: nothing minus a value is the value",
      find: 'if (op === "+" && a === 0) return right;',
      put: 'if ((op === "+" || op === "-") && a === 0) return right;',
      guards: [print],
      why: "signs are lost",
    },
    {
      name: "values: known differences the other way round",
      find: '"-": (a: number, b: number) => a - b,',
      put: '"-": (a: number, b: number) => b - a,',
      guards: [print],
      why: "what is computed ahead differs from what a kernel would compute",
    },
    {
      name: "values: a product with nothing is the value",
      find: "(a === 0 || b === 1)",
      put: "(a === 1 || b === 1)",
      guards: [print],
      why: "an address lacks a term, or has one too many",
    },
    {
      name: "values: a remainder by one is the value",
      find: 'if (op === "%" && b === 1) return int(0);',
      put: 'if (op === "%" && b === 1) return left;',
      guards: [print],
      why: "threads along axes of one tile are beyond them",
    },
    {
      name: "values: the literal −0 of integers",
      find: "literalOf(I32, value + 0)",
      put: "literalOf(I32, value)",
      guards: [print],
      why: "equal addresses are two values",
    },
    {
      name: "values: equal operands, equal values",
      find: "return values.get(left, `${op} ${right.id}`, ",
      put: "return values.get(left, `${right.id}`, ",
      guards: [print],
      why: "a sum is what a product of the same operands was",
    },
    {
      name: "values: other parts of a select change places",
      find: 'return choose(first, must(b, "value"), must(c, "value"));',
      put: 'return choose(first, must(c, "value"), must(b, "value"));',
      guards: [passes],
      why: "padding is inside, and the picture is 0",
    },
  ]),
];

export const lower: readonly Mutation[] = [...together, ...tiles, ...promises];
