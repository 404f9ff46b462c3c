/** Operators on numbers that are known at import, in plain JavaScript: the arithmetic that files do with shapes. */
import { arithmetics } from "./arithmetic.ts";
import { mades } from "./made.ts";
import { moves } from "./moves.ts";
import type { Folds } from "./places.ts";

export const folds: Folds = { ...arithmetics, ...moves, ...mades };
