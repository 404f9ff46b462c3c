/** Numbers as the page shows them and as readers type them. */

/** Whole numbers exactly, others with `digits` significant ones; the minus is a minus sign, not a hyphen. */
export function show(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "–";
  if (Object.is(value, -0)) return "0";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return signed(`${value}`);
  const short = value.toPrecision(digits);
  return signed(/e/.test(short) ? short : short.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""));
}

/** A fixed number of decimals, for columns of figures. */
export const decimals = (value: number, places: number): string =>
  Number.isFinite(value) ? signed(value.toFixed(places).replace(/^-(0\.?0*)$/, "$1")) : show(value);

export const signed = (text: string): string => text.replaceAll("-", "−");

/** A factor in a sum: a negative one stands in brackets. */
export const factor = (value: number): string => (value < 0 ? `(${show(value)})` : show(value));

/** What was typed, with either minus and either decimal mark; undefined where that is no number that f32 holds. */
export function parse(text: string): number | undefined {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return undefined;
  const value = Math.fround(Number(plain));
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : undefined;
}
