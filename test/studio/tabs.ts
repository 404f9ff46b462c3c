/** The tabs of Studio, for whoever goes through all of them. */

/** What stands on a tab when it has something to show. */
export const READY = {
  model: ".verdict.good",
  try: ".panel-try .scores li",
  train: "#train-go",
  lecture: ".panel-lecture .topic",
} as const;
export type Tab = keyof typeof READY;
