/** Pictures in other sizes. */
import type { Dim, Shape } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { refuse, type Value } from "../value.ts";
import { COORDINATES, NEAREST } from "../words.ts";
import { axisOf, compact, fixedSizes, type Rows, range } from "./row.ts";

const named = (names: Readonly<Record<string, string>>, name: string, what: string): string =>
  (Object.hasOwn(names, name) ? names[name] : undefined) ??
  refuse(`${what} is ${name}`, Object.keys(names).join(", "));

type Asked = { readonly scale: readonly number[] } | { readonly size: readonly Dim[] };

/** What is asked for: factors, or sizes where they are given; of all axes. */
function wanted(call: Call, shape: Shape): Asked {
  const rank = shape.length;
  const axes = call.ints("axes")?.map((a) => axisOf(a, rank)) ?? range(0, rank);
  const whole = <T>(given: readonly T[], absent: (i: number) => T): readonly T[] =>
    range(0, rank).map((i) => given[axes.indexOf(i)] ?? absent(i));
  const sized = call.opset >= 11 && call.inputs[3] !== undefined;
  const policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (sized && call.sizes(3, "the sizes").length > 0) {
    if (policy !== "stretch") refuse(`keep_aspect_ratio_policy is ${policy}`, "sizes that have the ratio");
    return { size: whole(call.sizes(3, "the sizes"), (i) => shape[i] ?? 1) };
  }
  const scales = call.numbers(call.opset < 11 ? 1 : 2, "the factors");
  return { scale: whole(scales ?? refuse("it has neither factors nor sizes"), () => 1) };
}

/** `moves`: whether coordinates move where an axis keeps its size, which onnxruntime leaves as it is. */
function resized(call: Call, asked: Asked, more: object, moves = false): Value {
  const x = call.tensor(0);
  const rank = x.shape.length;
  // The first axes that stay as they are are left out.
  const changed = range(0, rank).filter((i) =>
    "scale" in asked ? asked.scale[i] !== 1 : asked.size[i] !== x.shape[i],
  );
  const [first] = changed;
  if (first === undefined) return x;
  if (moves && changed.length < rank - first)
    refuse(
      "tf_half_pixel_for_nn of an axis that keeps its size, which runtimes read in two ways",
      "an export with half_pixel",
    );
  const last =
    "scale" in asked
      ? { scale: lastOnes(asked.scale.slice(first), rank) }
      : { size: lastOnes(fixedSizes(asked.size.slice(first), "it makes an axis"), rank) };
  return call.apply("resize", [x, { ...last, ...more }]);
}

/** One number where it is that of every axis behind [N, channels]. */
const lastOnes = (numbers: readonly number[], rank: number): number | readonly number[] =>
  numbers.length === rank - 2 ? compact(numbers) : numbers;

export const resizes: Rows = {
  Resize(call) {
    const mode = call.text("mode", "nearest");
    if (call.int("antialias", 0) !== 0) refuse("antialias is set", "an export without it");
    const old = call.opset < 11;
    const coordinates = call.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
    const nearest = call.text("nearest_mode", old ? "floor" : "round_prefer_floor");
    call.float("extrapolation_value", 0);
    const a = call.float("cubic_coeff_a", -0.75);
    const outside = call.int("exclude_outside", 0) !== 0;
    const how = named(COORDINATES, coordinates, "coordinate_transformation_mode");
    const rounding = named(NEAREST, nearest, "nearest_mode");
    const stays = mode === "nearest" && (rounding === "floor" || rounding === "roundPreferFloor");
    const more = {
      ...(mode === "nearest" ? {} : { mode }),
      ...(how === "halfPixel" ? {} : { coordinates: how }),
      ...(mode === "nearest" && rounding !== "roundPreferFloor" ? { nearest: rounding } : {}),
      ...(mode === "cubic" && a !== -0.75 ? { cubicCoefficient: a } : {}),
      ...(mode === "cubic" && outside ? { excludeOutside: true } : {}),
    };
    return resized(call, wanted(call, call.value(0).shape), more, how === "tfHalfPixelForNn" && !stays);
  },

  Upsample(call) {
    const mode = call.text("mode", "nearest");
    const scale =
      (call.opset < 9 ? call.floats("scales") : call.numbers(1, "the factors")) ??
      refuse("scales are missing");
    return resized(
      call,
      { scale },
      {
        ...(mode === "nearest" ? {} : { mode }),
        coordinates: "asymmetric",
        ...(mode === "nearest" ? { nearest: "floor" } : {}),
      },
    );
  },
};
