/** The model at work: built and run as often as something changes. What is seen of it is its listener's business. */
import type { TargetName } from "../../../compiler/compile.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { WeftError } from "../../../contract/errors.ts";
import type { ParamSpec } from "../../../contract/program.ts";
import type { Tensor } from "../../../contract/tensor.ts";
import type { Weights } from "../../../contract/weights.ts";
import { type Engine, startEngine } from "./engine.ts";
import type { Watched } from "./layers.ts";
import type { Inputs } from "./source.ts";
import type { Drawn } from "./weights.ts";

/** What is tried, asked anew each time. */
export interface Tried {
  readonly graph: Graph;
  readonly drawn: Drawn;
  /** Whether it may be computed; where not, the listener is told and `go` is waited for. */
  allowed(): boolean;
  device(): Promise<GPUDevice>;
  target(): TargetName;
  weights(): Weights | null;
  /** Those to be watched. */
  layers(): readonly Watched[];
  inputs(): Inputs;
}

export type Doing =
  /** How many kernels, once that is known. */
  | { readonly kind: "building"; readonly kernels: number | undefined }
  /** The part of the initial values that is drawn. */
  | { readonly kind: "drawing"; readonly part: number }
  | { readonly kind: "computing" };

export type Outputs = Readonly<Record<string, Tensor>>;

export interface Listener {
  forbidden(): void;
  /** What was wrong before is forgotten. */
  beginning(): void;
  doing(what: Doing): void;
  built(engine: Engine): void;
  /** `inputs`: what it was run with. */
  ran(outputs: Outputs, milliseconds: number, inputs: Inputs, engine: Engine): void;
  failed(error: unknown): void;
}

/** Milliseconds from one word about initial values to the next. */
const PACE = 50;

export class Trial {
  readonly #tried: Tried;
  readonly #listener: Listener;
  #engine: Engine | undefined;
  #alive = true;
  #busy = false;
  #wantsEngine = true;
  #wantsRun = true;
  #losses = 0;

  constructor(tried: Tried, listener: Listener) {
    this.#tried = tried;
    this.#listener = listener;
  }

  /** The model's parameters, once it was built. */
  get params(): readonly ParamSpec[] | undefined {
    return this.#engine?.params;
  }

  /** There are other inputs. */
  rerun(): void {
    this.#wantsRun = true;
    void this.go();
  }

  /** There are other weights, layers to be watched or a target; or it is tried once more. */
  rebuild(): void {
    this.#wantsEngine = true;
    void this.go();
  }

  /** Builds and runs what is wanted, one after the other: what comes meanwhile is done last, and once. */
  async go(): Promise<void> {
    if (this.#busy || !this.#alive) return;
    if (!this.#tried.allowed()) return this.#listener.forbidden();
    this.#busy = true;
    try {
      while (this.#alive && (this.#wantsEngine || this.#wantsRun)) {
        if (this.#wantsEngine) await this.#build();
        else await this.#run();
      }
    } catch (error) {
      this.#wantsEngine = this.#wantsRun = false;
      this.#engine?.destroy();
      this.#engine = undefined;
      if (this.#alive) this.#listener.failed(error);
    } finally {
      this.#busy = false;
      if (!this.#alive) this.#engine?.destroy();
    }
  }

  destroy(): void {
    this.#alive = false;
    if (!this.#busy) this.#engine?.destroy();
  }

  async #build(): Promise<void> {
    const { graph, drawn } = this.#tried;
    this.#listener.beginning();
    const device = await this.#tried.device();
    this.#wantsEngine = false; // only now: a first device changes the target
    this.#wantsRun = true;
    await this.#say({ kind: "building", kernels: undefined });
    let said = performance.now();
    const engine = await startEngine(
      {
        graph,
        drawn,
        layers: this.#tried.layers(),
        weights: this.#tried.weights(),
        target: this.#tried.target(),
        progress: async (part) => {
          if (performance.now() - said < PACE) return;
          await this.#say({ kind: "drawing", part });
          said = performance.now();
        },
        building: (kernels) => this.#say({ kind: "building", kernels }),
      },
      device,
    );
    this.#engine?.destroy();
    this.#engine = engine;
    if (this.#alive) this.#listener.built(engine);
    else engine.destroy();
  }

  async #run(): Promise<void> {
    this.#wantsRun = false;
    const engine = this.#engine;
    if (!engine) return;
    const inputs = this.#tried.inputs();
    this.#listener.doing({ kind: "computing" });
    const start = performance.now();
    let outputs: Outputs;
    try {
      outputs = await engine.run(inputs);
    } catch (error) {
      // A new device may be had at once; a model that costs every device is not tried again unasked.
      const lost = error instanceof WeftError && error.code === "device-lost";
      if (!lost || ++this.#losses > 1) throw error;
      this.#wantsEngine = true;
      return;
    }
    if (!this.#alive) return;
    this.#losses = 0;
    this.#listener.ran(outputs, performance.now() - start, inputs, engine);
  }

  /** Until it can be read: what follows keeps the page busy. */
  async #say(what: Doing): Promise<void> {
    this.#listener.doing(what);
    await new Promise(requestAnimationFrame);
  }
}
