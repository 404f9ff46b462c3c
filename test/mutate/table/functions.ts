/** Mutations of functions of numbers, comparisons and choices. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const functions = guard("ops/functions");
const pointwise = guard("ops/pointwise");
const whole = guard("ops/whole");
const wasm = guard("wasm/functions");
const gradients = guard("train/gradients");

export const ofFunctions: readonly Mutation[] = [
  ...inFile("compiler/ops/triangle.ts", [
    {
      name: "tril: as triu",
      find: "scale(distance, sign)",
      put: "distance",
      guards: [guard("ops/axes")],
      why: "what should be left is 0, and the other way round",
    },
  ]),
  ...inFile("compiler/ops/formula.ts", [
    {
      name: "formula: a quarter of a turn is two parts",
      find: "m.sub(m.sub(m.sub(x, first as T), second as T), third as T)",
      put: "m.sub(m.sub(x, first as T), second as T)",
      guards: [wasm],
      why: "angles of some turns lose digits",
    },
    {
      name: "formula: the cosine begins with the sine",
      find: "const cos: Formula = (m, x) => circular(m, x, 1);",
      put: "const cos: Formula = (m, x) => circular(m, x, 0);",
      guards: [wasm, pointwise],
      why: "cos is sin",
    },
    {
      name: "formula: hyperbolic functions by eˣ",
      find: "const h = m.keep(m.exp(m.mul(half, a)));",
      put: "const h = m.keep(m.sqrt(m.exp(a)));",
      guards: [wasm],
      why: "infinite from 88.7 on, where the results are finite up to 89.4",
    },
  ]),
  ...inFile("compiler/ops/formulas.ts", [
    {
      name: "formula: acosh has the slope of asinh",
      find: 'inverse(call("sqrt", call("neg", besides(call("min", x, literal(FAR))))))',
      put: 'inverse(call("sqrt", call("add", one, square(bounded(x)))))',
      guards: [gradients],
      why: "gradients are too small near 1",
    },
  ]),
  ...inFile("compiler/ops/functions.ts", [
    {
      name: "remainder: a quotient that was rounded up is left so",
      find: 'const up = call("select", less(turned, zero), call("add", rest, step), rest);',
      put: 'const up = call("select", less(turned, zero), rest, rest);',
      guards: [functions],
      why: "a remainder below 0",
    },
    {
      name: "remainder: fmod rounds down",
      find: 'const whole = towardsZero ? call("select", less(quotient, zero), call("ceil", quotient), down) : down;',
      put: "const whole = down;",
      guards: [functions],
      why: "fmod of a negative number has the sign of the divisor",
    },
  ]),
  ...inFile("compiler/ops/whole.ts", [
    {
      name: "argmax: always the last",
      find: "const found = last\n",
      put: "const found = !last\n",
      guards: [whole],
      why: "of equal elements the wrong one",
    },
    {
      name: "ranking: equal elements have one place",
      find: 'choose(call("equal", own, other), inFront, before)',
      put: "before",
      guards: [whole],
      why: "topK finds nothing at a place that none has",
    },
    {
      name: "cast: down",
      find: 'choose(less(number, zero), call("ceil", number), call("floor", number))',
      put: 'call("floor", number)',
      guards: [whole],
      why: "−3.7 becomes −4",
    },
  ]),
  ...inFile("compiler/ops/scan.ts", [
    {
      name: "cumsum: from the end as from the beginning",
      find: "add(reverse ? scale(ahead, -1) : ahead, exclusive ? -1 : 0)",
      put: "add(ahead, exclusive ? -1 : 0)",
      guards: [whole],
      why: "reverse changes nothing",
    },
    {
      name: "einsum: an axis of size 1 is read beyond its end",
      find: "size === 1 ? constant(0) : axisIndex",
      put: "size === 0 ? constant(0) : axisIndex",
      guards: [whole],
      why: "a read out of range",
    },
  ]),
  ...inFile("compiler/passes/adjoint.ts", [
    {
      name: "adjoint: a product's slope is the product",
      find: "guard(same, literal(1), substitute(e.body, other))",
      put: "substitute(e.body, other)",
      guards: [gradients],
      why: "each factor counts itself",
    },
  ]),
  ...inFile("compiler/passes/partition.ts", [
    {
      name: "partition: what is compared is computed twice",
      find: "if (twice)",
      put: "if (twice && shared)",
      guards: [whole],
      why: "a number that is rounded in two ways equals itself nowhere",
      equivalent: "on CPU adapters both are rounded alike",
    },
  ]),
  ...inFile("compiler/ops/logic.ts", [
    {
      name: "logic: what is greater is at least as large",
      find: 'greater: joint("greater", 2, (a, b) => call("less", b, a)),',
      put: 'greater: joint("greater", 2, (a, b) => call("lessOrEqual", b, a)),',
      guards: [functions],
      why: "equal numbers are greater than each other",
    },
    {
      name: "logic: where takes the other one",
      find: 'where: joint("where", 3, choose),',
      put: 'where: joint("where", 3, (mask, a, b) => choose(mask, b, a)),',
      guards: [functions],
      why: "masks are turned round",
    },
  ]),
];
