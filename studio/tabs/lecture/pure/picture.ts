/** The lecture's picture of 6 × 8 pixels, and others to try. White is 1. */
import { matrix } from "./matrix.ts";

const ROWS = 6;
const COLS = 8;
/** Four black columns in the middle. */
export const STRIPE = matrix(ROWS, COLS, (_, c) => (c >= 2 && c < 6 ? 0 : 1));
export const SQUARE = matrix(ROWS, COLS, (r, c) => (r >= 2 && r < 5 && c >= 2 && c < 6 ? 0 : 1));
export const SLOPE = matrix(ROWS, COLS, (r, c) => (c > r ? 0 : 1));
