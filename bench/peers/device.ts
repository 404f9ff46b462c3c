/** Weft on a device: a compiled program and its runtime; the compiler is not loaded. */
import { targetFor } from "../../compiler/strategies/target.ts";
import { load } from "../../runtime/index.ts";
import { createTrainer, type DataSet } from "../../runtime/train.ts";
import type { Runner, Task } from "./task.ts";
import { STEPS_PER_RUN } from "./training.ts";

/** What was compiled for the device: `program.quads.json`. */
async function compiled({ bytes }: Task, what: string, device: GPUDevice): Promise<unknown> {
  const file = `${what}.${targetFor(device)}.json`;
  return JSON.parse(new TextDecoder().decode(await bytes(file)));
}

async function forward(task: Task, device: GPUDevice): Promise<Runner> {
  const program = (await compiled(task, "program", device)) as Parameters<typeof load>[0]; // load checks it
  const session = await load(program, { weights: task.weights, device });
  return {
    async run(times) {
      let last = new Float32Array();
      for (let i = 0; i < times; i++) {
        const [output] = Object.values(await session.run(task.inputs));
        last = output?.data as Float32Array<ArrayBuffer>; // the graphs of the benchmark are f32
      }
      return last;
    },
  };
}

async function train(task: Task, device: GPUDevice): Promise<Runner> {
  const training = (await compiled(task, "training", device)) as Parameters<typeof createTrainer>[0]; // createTrainer checks it
  const { pixels, labels } = task.inputs;
  if (!pixels || !labels) throw new Error("no training data");
  const one = { images: Uint8Array.from(pixels.data), labels: Uint8Array.from(labels.data) };
  const times = (bytes: Uint8Array): Uint8Array => {
    const all = new Uint8Array(bytes.length * STEPS_PER_RUN);
    for (let i = 0; i < STEPS_PER_RUN; i++) all.set(bytes, i * bytes.length);
    return all;
  };
  const many = { images: times(one.images), labels: times(one.labels) };
  const trainer = await createTrainer(training, { weights: task.weights, device });
  const epochs = async (data: DataSet, more: number): Promise<number[]> => {
    const losses: number[] = [];
    const { batch } = task;
    for await (const { loss } of trainer.fit(data, { batch, epochs: trainer.position.epoch + more }))
      losses.push(loss);
    return losses;
  };
  return {
    losses: (steps) => epochs(one, steps),
    run: async (steps) => Float32Array.of((await epochs(many, steps / STEPS_PER_RUN)).at(-1) ?? Number.NaN),
  };
}

/** Weft on the device that `open` gives. */
export const openWeft =
  (open: () => Promise<GPUDevice>) =>
  async (task: Task): Promise<Runner> => {
    const device = await open();
    return task.kind === "train" ? train(task, device) : forward(task, device);
  };
