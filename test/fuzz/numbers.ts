/** Constants out of a continuum: no two models have the same, and their texts look alike. */
import type { Dice } from "./dice.ts";

/** A number from low to high: short ones, long ones, and whole ones. */
export function real(dice: Dice, low: number, high: number): number {
  const value = low + ((high - low) * dice.roll(65536)) / 65535;
  const texts = [value.toFixed(2), value.toFixed(1), value.toPrecision(9), value.toFixed(3)];
  return Math.min(high, Math.max(low, Number(dice.pick(texts))));
}

/** Another number, close by in value or in text. */
export function near(dice: Dice, value: number): number {
  switch (dice.roll(4)) {
    case 1:
      return Number((value / 10).toPrecision(6));
    case 2:
      return Number((value * 1.5).toPrecision(6));
    case 3:
      return Number((value + 0.01).toPrecision(6));
    default:
      return Number((value + 0.1).toPrecision(6));
  }
}

/** A small positive number: what keeps a division finite. */
export const small = (dice: Dice): number =>
  Number(`${dice.between(1, 9)}e-${dice.pick([5, 3, 2, 1, 4, 6, 7])}`);
