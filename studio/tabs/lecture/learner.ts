/** One training at a time of the lecture's two weights, a step at a time. */
import { compile, type TargetName } from "../../../compiler/compile.ts";
import { compileTraining, sgd } from "../../../compiler/train/index.ts";
import { load, type Session } from "../../../runtime/index.ts";
import { createTrainer, type Trainer, type Training, type Weights } from "../../../runtime/train.ts";
import type { Studio } from "../../tab.ts";
import { edges, learned } from "./models.ts";
import { floats, matrix } from "./pure/matrix.ts";
import { STRIPE } from "./pure/picture.ts";

export interface Point {
  /** Steps taken. */
  readonly step: number;
  /** Of the step that led here, before its update; undefined at the start. */
  readonly loss: number | undefined;
  /** After the step. */
  readonly kernel: readonly number[];
  /** What the kernel makes of a row of the picture. */
  readonly row: readonly number[];
}

export interface Learner {
  /** Without a seed it starts where the lecture's run did. undefined where it was overtaken by another call. */
  begin(seed: number | undefined): Promise<Point | undefined>;
  step(learningRate: number): Promise<Point | undefined>;
  end(): void;
}

const WEIGHT = "conv2d1.weight";
/** Found by trying: from here come the losses that the lecture prints. */
const START: Weights = { [WEIGHT]: { shape: [1, 1, 1, 2], data: Float32Array.of(0.368, -0.2034) } };
const ROW = [0, 1, 0, 0, 0, -1, 0];
const DATA = { images: floats(STRIPE), labels: floats(matrix(6, 7, (_, c) => ROW[c] ?? 0)) };

interface Live {
  readonly trainer: Trainer;
  /** Applies the kernel to the picture. */
  readonly eye: Session;
}

/** The step that is taken: forward pass, summed squared error, gradient, update. */
export const trainingFor = (target: TargetName): Training =>
  compileTraining(learned.graph(), {
    loss: "squaredError",
    reduction: "sum",
    optimizer: sgd({ lr: 0.03 }),
    bytes: false,
    target,
  });

async function look({ trainer, eye }: Live, loss?: number): Promise<Point> {
  const kernel = Float32Array.from(trainer.weights()[WEIGHT]?.data ?? []);
  const { edges } = await eye.run({ picture: floats(STRIPE), kernel });
  const row = Array.from(edges?.data.subarray(0, ROW.length) ?? []);
  return { step: trainer.position.epoch, loss, kernel: Array.from(kernel), row };
}

function drop(old: Promise<Live> | undefined): void {
  old?.then(
    ({ trainer, eye }) => {
      trainer.destroy();
      eye.destroy();
    },
    () => {},
  );
}

export function learner(studio: Studio): Learner {
  let live: Promise<Live> | undefined;
  let busy: Promise<unknown> = Promise.resolve();

  /** What was overtaken by another beginning neither gives a result nor fails. */
  const unlessOvertaken = async <T>(
    own: Promise<Live> | undefined,
    go: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      const result = await go();
      return live === own ? result : undefined;
    } catch (error) {
      if (live === own) throw error;
      return undefined;
    }
  };
  return {
    async begin(seed) {
      drop(live);
      const open = async (): Promise<Live> => {
        const device = await studio.device();
        const target = studio.target.value;
        const training = trainingFor(target);
        const start = seed === undefined ? { weights: START } : { seed };
        const [trainer, eye] = await Promise.all([
          createTrainer(training, { ...start, device }),
          load(compile(edges(1, 2).graph(), { target }).program, { device }),
        ]);
        return { trainer, eye };
      };
      const own = open();
      live = own;
      return unlessOvertaken(own, async () => look(await own));
    },
    step(learningRate) {
      const own = live;
      const go = async (): Promise<Point | undefined> => {
        if (!own || live !== own) return undefined;
        const now = await own;
        const epochs = now.trainer.position.epoch + 1; // one picture: an epoch is a step
        let loss: number | undefined;
        for await (const epoch of now.trainer.fit(DATA, { epochs, schedule: () => learningRate }))
          loss = epoch.loss;
        return look(now, loss);
      };
      const next = busy.then(() => unlessOvertaken(own, go));
      busy = next.catch(() => {});
      return next;
    },
    end() {
      drop(live);
      live = undefined;
    },
  };
}
