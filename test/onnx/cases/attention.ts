/** Attention and rotated positions, with heads of their own and side by side. */
import fc from "fast-check";
import { float, int } from "../file.ts";
import { type Cases, fed, known } from "./draw.ts";

const small = fc.integer({ min: 1, max: 4 });

export const attentions: Cases = {
  Attention: fc
    .record({
      batch: small,
      shared: fc.integer({ min: 1, max: 2 }),
      times: fc.integer({ min: 1, max: 2 }),
      queries: small,
      keys: small,
      size: small,
      width: small,
      flat: fc.boolean(),
      mask: fc.constantFrom("none", "numbers", "truth"),
      causal: fc.boolean(),
      past: fc.option(small),
      scale: fc.option(fc.constantFrom(0.5, 1)),
      cap: fc.option(fc.constantFrom(0.5, 2)),
    })
    .map(({ batch, shared, times, queries, keys, size, width, flat, mask, causal, past, scale, cap }) => {
      const heads = shared * times;
      const before = flat ? null : past;
      const all = keys + (before ?? 0);
      const of = (count: number, steps: number, each: number) =>
        fed(flat ? [batch, steps, count * each] : [batch, count, steps, each]);
      const masks = {
        none: undefined,
        numbers: fed([queries, all]),
        // Each query sees the first key.
        truth: known(
          [queries, all],
          { values: [1, ...Array.from({ length: all - 1 }, (_, i) => i % 2)] },
          "bool",
        ),
      };
      return {
        opset: 23,
        batched: before === null && mask !== "numbers",
        outputs: before === null ? 1 : 3,
        operands: [
          of(heads, queries, size),
          of(shared, keys, size),
          of(shared, keys, width),
          masks[mask],
          ...(before === null
            ? []
            : [fed([batch, shared, before, size]), fed([batch, shared, before, width])]),
        ],
        attributes: [
          ...(flat ? [int("q_num_heads", heads), int("kv_num_heads", shared)] : []),
          ...(causal ? [int("is_causal", 1)] : []),
          ...(scale === null ? [] : [float("scale", scale)]),
          ...(cap === null ? [] : [float("softcap", cap)]),
        ],
      };
    }),
  RotaryEmbedding: fc
    .record({
      batch: small,
      heads: small,
      steps: small,
      half: fc.integer({ min: 1, max: 3 }),
      more: fc.integer({ min: 0, max: 2 }),
      flat: fc.boolean(),
      paired: fc.boolean(),
      asked: fc.boolean(),
    })
    .map(({ batch, heads, steps, half, more, flat, paired, asked }) => {
      const size = 2 * half + 2 * more;
      const table = asked ? [9, half] : [batch, steps, half];
      return {
        opset: 23,
        batched: false,
        operands: [
          fed(flat ? [batch, steps, heads * size] : [batch, heads, steps, size]),
          { ...fed(table), known: asked },
          { ...fed(table), known: asked },
          ...(asked ? [fed([batch, steps], { from: 0, to: 8 }, "i64")] : []),
        ],
        attributes: [
          ...(flat ? [int("num_heads", heads)] : []),
          ...(paired ? [int("interleaved", 1)] : []),
          ...(more > 0 ? [int("rotary_embedding_dim", 2 * half)] : []),
        ],
      };
    }),
};
