/** Mutations of what becomes WebAssembly: the encoder, addresses, values, statements, functions. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const encoder = guard("wasm/encoder");
const values = guard("wasm/values");
const vectors = guard("wasm/vectors");
const kernels = guard("wasm/kernel");
const functions = guard("wasm/functions");
const programs = guard("wasm/programs");
const spans = guard("lower/spans");

const bytes: readonly Mutation[] = [
  ...inFile("contract/wasm.ts", [
    {
      name: "wasm: another byte than the memory's says that it is shared",
      find: "reader.copy[reader.at + 6] = 3;",
      put: "reader.copy[reader.at + 5] = 3;",
      guards: [encoder],
      why: "no module loads where threads share the memory",
    },
    {
      name: "wasm: products are made, and added as they are made",
      find: "copy.fill(1, place, place + 3);",
      put: "",
      guards: [guard("wasm/fused")],
      why: "no module is valid where the host has relaxed SIMD",
    },
  ]),
  ...inFile("compiler/targets/wasm/code.ts", [
    {
      name: "wasm: numbers of 128 are one byte",
      find: "for (; rest > 127; rest",
      put: "for (; rest > 128; rest",
      guards: [encoder],
      why: "a module with 128 of anything is no module",
    },
    {
      name: "wasm: 64 is −64",
      find: "while (rest < -64 || rest > 63) {",
      put: "while (rest < -64 || rest > 64) {",
      guards: [encoder],
      why: "a wrong number where a kernel adds 64",
    },
    {
      name: "wasm: four numbers are taken for one",
      find: "lanes.every((n) => Object.is(n, lanes[0]))",
      put: "lanes.some((n) => Object.is(n, lanes[0]))",
      guards: [vectors],
      why: "constants of a vector are all the first",
    },
  ]),
  ...inFile("compiler/targets/wasm/module.ts", [
    {
      name: "wasm: random numbers of one bit more",
      find: "body.put(drawn, intConst(8),",
      put: "body.put(drawn, intConst(7),",
      guards: [values],
      why: "dropout drops half as many",
    },
  ]),
  ...inFile("compiler/assemble/assemble.ts", [
    {
      name: "wasm: what hangs over the edge is that of one kernel",
      find: "overhang = Math.max(overhang, module.overhang);",
      put: "overhang = groups.size > 0 ? overhang : module.overhang;",
      guards: [programs],
      why: "a kernel that two tensors share ends in a trap at the memory's edge",
    },
  ]),
  ...inFile("compiler/assemble/module.ts", [
    {
      name: "wasm: nothing hangs over the edge of a tensor",
      find: "most = Math.max(most, codecOf(v.from).bytes(outside) + BYTES);",
      put: "most = Math.max(most, 0);",
      guards: [programs],
      why: "a convolution with padding ends in a trap where its picture lies at the memory's edge",
    },
  ]),
];

const places: readonly Mutation[] = [
  ...inFile("compiler/targets/wasm/address.ts", [
    {
      name: "wasm: what is taken away from an address is added",
      find: 'v.op === "+" ? v.right.value : -v.right.value',
      put: "v.right.value",
      guards: [kernels],
      why: "windows are read from the wrong side",
    },
    {
      name: "wasm: places further on are neighbours",
      find: "p.offset === first.offset + i + 1",
      put: "p.offset >= first.offset + i + 1",
      guards: [kernels],
      why: "numbers with a step between them are fetched as if they had none",
    },
  ]),
  ...inFile("compiler/targets/wasm/uses.ts", [
    {
      name: "wasm: addresses before an array are not counted from further before",
      find: "bias.set(memory, Math.max(bias.get(memory) ?? 0, -BYTES * offset));",
      put: "bias.set(memory, 0);",
      guards: [kernels],
      why: "no valid module for windows with padding",
    },
    {
      name: "wasm: components are stored in their own order",
      find: "s.value.of === of && s.value.lane === i",
      put: "s.value.of === of && s.value.lane >= 0",
      guards: [kernels],
      why: "results lie in another order",
    },
  ]),
  ...inFile("compiler/targets/wasm/kernel.ts", [
    {
      name: "wasm: sizes lie further behind",
      find: "rates: 16, sizes: 32 }",
      put: "rates: 16, sizes: 36 }",
      guards: [values],
      why: "kernels take another size, or none",
    },
    {
      name: "wasm: a thread that ends goes on behind the branch",
      find: "this.#body.put(codeOf(condition, this), [control.brIf, this.#depth]);",
      put: "this.#body.put(codeOf(condition, this), [control.brIf, Math.max(0, this.#depth - 1)]);",
      guards: [kernels],
      why: "a guard within a loop ends a turn alone",
    },
    {
      name: "wasm: loops without a turn have one",
      find: 'end.kind === "literal" && start.value < end.value',
      put: 'end.kind === "literal"',
      guards: [kernels],
      why: "sums of nothing are sums of something",
    },
    {
      name: "wasm: addresses stay where a variable was",
      find: "this.#uses.changes(at) ? code",
      put: "!at ? code",
      guards: [kernels],
      why: "what is counted by hand reads the first element again and again",
    },
    {
      name: "wasm: the next thread begins where this one did",
      find: "put(next(this.#local), intConst(workgroup), i32.ltS,",
      put: "put(next(this.#local), intConst(workgroup - 1), i32.ltS,",
      guards: [values],
      why: "the last thread of each workgroup does nothing",
    },
  ]),
];

const meanings: readonly Mutation[] = [
  ...inFile("compiler/targets/wasm/values.ts", [
    {
      name: "wasm: truth in all lanes is one bit",
      find: 'if (scalar === "bool") return [...i32x4.splat, ...i32x4.neg];',
      put: 'if (scalar === "bool") return i32x4.splat;',
      guards: [values, vectors, programs],
      why: "a guard of a vector lets a bit of it through",
    },
    {
      name: "wasm: a lane of truth is −1",
      find: 'if (scalar === "bool") return [...extractInt(lane), ...intConst(1), ...i32.and];',
      put: "",
      guards: [values],
      why: "truth as a number is −1",
    },
    {
      name: "wasm: vectors without a sign are compared with one",
      find: '"<": i32x4.ltU',
      put: '"<": i32x4.ltS',
      guards: [values],
      why: "2³¹ and more is less than 0",
    },
    {
      name: "wasm: the quick minimum drops NaN",
      find: "Number(isKnown(a)) - Number(isKnown(b))",
      put: "Number(isKnown(b)) - Number(isKnown(a))",
      guards: [values, programs],
      why: "relu hides that a training has left the finite numbers",
    },
    {
      name: "wasm: a vector's components in any order are the vector",
      find: 'p.kind === "component" && p.of === first.of && p.lane === i',
      put: 'p.kind === "component" && p.of === first.of',
      guards: [vectors],
      why: "mirrored windows are not mirrored",
    },
    {
      name: "wasm: vectors become whole numbers with a sign",
      find: "unsigned ? i32x4.truncU : i32x4.truncS",
      put: "i32x4.truncS",
      guards: [vectors],
      why: "numbers from 2³¹ on are cut off",
    },
  ]),
  ...inFile("compiler/targets/wasm/functions.ts", [
    {
      name: "wasm: the logarithm of what is less than normal is that of 2²³ times as much",
      find: "sub(sub(exponent, and(low, one)), and(tiny, c(23)))",
      put: "sub(exponent, and(low, one))",
      guards: [functions],
      why: "log(10⁻⁴⁰) is −76, not −92",
    },
    {
      name: "wasm: the logarithm of 0 is that of the least number",
      find: "choose(equal(x, c(0)), c(Number.NEGATIVE_INFINITY), positive)",
      put: "positive",
      guards: [functions],
      why: "NaN for log(0)",
    },
    {
      name: "wasm: small arguments of tanh go through the exponential",
      find: "below(size, c(0.625))",
      put: "below(size, c(0.01))",
      guards: [functions],
      why: "tanh loses three digits near 0",
    },
    {
      name: "wasm: powers lose what the logarithm's sum rounds off",
      find: "add(add(add(far.lost, near.lost), scaled.lost)",
      put: "add(add(near.lost, scaled.lost)",
      guards: [functions],
      why: "large powers are off by a hundred last places",
    },
    {
      name: "wasm: fractions just below 1 are odd",
      find: "const odd = and(isWhole,",
      put: "const odd = and(bits(-1),",
      guards: [functions],
      why: "pow(−0, −0.99999994) is −∞",
    },
  ]),
  ...inFile("compiler/ops/scalar.ts", [
    {
      name: "pow: fractions just below 1 are odd in WGSL",
      find: "let odd = (floor(y) == y) & (",
      put: "let odd = (",
      guards: [guard("numerics/special", "pow")],
      why: "pow(−0, −0.99999994) is −∞",
    },
  ]),
  ...inFile("compiler/targets/wasm/cost.ts", [
    {
      name: "wasm: loops cost as much as a turn",
      find: "return (Number.isFinite(turns) ? turns : UNKNOWN) * (1 + ofStatements(s.body, known));",
      put: "return 1 + ofStatements(s.body, known);",
      guards: [programs],
      why: "large kernels are taken for small ones, and done by one thread",
    },
  ]),
  ...inFile("compiler/lower/spans.ts", [
    {
      name: "sums end a step before the last that is within a picture",
      find: "end: add(high, 1) }",
      put: "end: high }",
      guards: [spans, guard("train/gradients-models")],
      why: "gradients of convolutions lack a row of the window",
    },
    {
      name: "sums begin where the first of a thread's positions does",
      find: "add(first, Math.max(",
      put: "add(first, Math.min(",
      guards: [spans],
      why: "convolutions lack the window's first row for some positions",
    },
    {
      name: "lanes of a vector end where they begin",
      find: "const ends = [0, Number(vector.lane.extent) - 1];",
      put: "const ends = [0];",
      guards: [spans],
      why: "positions of a vector lack what only the last of them sees",
    },
    {
      name: "what is padded with a number is taken for 0",
      find: 'e.otherwise.kind === "const" && e.otherwise.value === 0',
      put: 'e.otherwise.kind === "const"',
      guards: [spans],
      why: "convolutions of what pad() surrounds with ones lack the border",
    },
  ]),
];

export const wasm: readonly Mutation[] = [...bytes, ...places, ...meanings];
