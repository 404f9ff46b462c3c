/** Every mutation there is. */
import type { Mutation } from "../mutation.ts";
import { runtime } from "./runtime.ts";
import { training } from "./training.ts";

export const mutations: readonly Mutation[] = [...runtime, ...training];
