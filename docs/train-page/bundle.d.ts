// What lenet.train.bundle.js exports, for the type check before it is built. `weft compile --train` writes the like as
// lenet.train.bundle.d.ts beside it.
declare module "*.train.bundle.js" {
  export function createTrainer(
    options?: import("weftgpu/train").TrainerOptions,
  ): Promise<import("weftgpu/train").Trainer>;
  export const writeSafetensors: typeof import("weftgpu/train").writeSafetensors;
}
