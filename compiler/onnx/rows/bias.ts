/** A constant that is added to what a layer gives is the layer's bias: so exporters write dense layers of sequences, and convolutions. */
import type { Call } from "../call.ts";
import { type Computed, type Known, sizeOf, type Value } from "../value.ts";

/** Layers that have a bias, and which axis its numbers are of: counted from the front, or −1. */
const CHANNELS: Readonly<Record<string, number>> = {
  linear: -1,
  conv1d: 1,
  conv2d: 1,
  conv3d: 1,
  convTranspose1d: 1,
  convTranspose2d: 1,
  convTranspose3d: 1,
};

/** The layer with a bias in place of a sum; nothing where that is not the same, or where something else reads what the layer gives without. */
export function withBias(call: Call): Computed | undefined {
  return biased(call, 0, call.value(1)) ?? biased(call, 1, call.value(0));
}

function biased(call: Call, i: number, bias: Value): Computed | undefined {
  const layer = call.value(i);
  if (bias.kind !== "known" || layer.kind !== "computed" || layer.order || !call.isOnlyReader(i))
    return undefined;
  const { callee, args, weights, hint } = layer.ref.statement;
  const [x, options] = args;
  const without = isRecord(options) && options["bias"] === false && !("weight" in options);
  const out = biasSize(callee, layer, bias);
  if (!without || out === undefined) return undefined;
  const { bias: _, ...settings } = options;
  return call.apply(callee, [x, settings], {
    hint,
    weights: { ...Object.fromEntries(weights), bias: call.weight(bias, [out]) },
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How many numbers it has, where it has one for each channel. */
function biasSize(callee: string, { shape: whole }: Computed, { shape }: Known): number | undefined {
  const channels = CHANNELS[callee];
  if (channels === undefined || shape.length > whole.length) return undefined;
  const axis = channels < 0 ? whole.length + channels : channels;
  const out = whole[axis];
  const own = axis - (whole.length - shape.length);
  return typeof out === "number" && shape[own] === out && sizeOf(shape) === out ? out : undefined;
}
