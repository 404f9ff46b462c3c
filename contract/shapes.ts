/** Shapes as text, for whoever builds models. What runs them names sizes itself. */
import { type Dim, type Size, showSizes } from "./type.ts";

/** What a size is called: `28`, `N`, `T`. */
export const showDim = (dim: Dim | string): string => `${(dim as Partial<Size>).name ?? dim}`;

/** `[N, 6, 28, 28]` */
export const showShape = (shape: readonly (Dim | string)[]): string => showSizes(shape.map(showDim));
