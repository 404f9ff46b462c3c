/** What a trainer is given: two programs, and the optimiser's numbers. JSON and WGSL, like a Program. */
import type { Diagnosis } from "./diagnosis.ts";
import type { Program } from "./program.ts";

/**
 * What the metrics are called unless the model has a tensor of this name: `FIGURES` numbers for each loss. They are known by
 * their `use`.
 */
export const METRICS = "training.metrics";
/** Of each loss: Σ of its terms, Σ of what they count in the mean, how many labels are the largest score's, how many labels count. */
export const FIGURES = 4;
/** What the labels or targets of the only loss are called unless the model has a tensor of this name. */
export const TARGET = "target";
/** What the row numbers of a batch are called unless the model has a tensor of this name. They are known as the last input. */
export const ROWS = "rows";

/** Losses that Weft has, by name, with what may be chosen of each. All but cross-entropy compare numbers with numbers. */
export interface LossOptions {
  readonly crossEntropy: {
    /** What a label of each class counts, in their order. Absent: 1 each. */
    readonly weight?: readonly number[];
    /** The share of a label that is spread over all classes, 0 … 1. Default 0. */
    readonly labelSmoothing?: number;
    /** Labels of this number do not count: no term, no part of the mean, neither right nor wrong. Absent: all count. */
    readonly ignoreIndex?: number;
  };
  readonly binaryCrossEntropy: Readonly<Record<never, never>>;
  readonly squaredError: Readonly<Record<never, never>>;
  readonly absoluteError: Readonly<Record<never, never>>;
  readonly huber: {
    /** The error up to which it is squared. Default 1. */
    readonly delta?: number;
  };
}

export type LossName = keyof LossOptions;

/** A loss as data. */
export type Loss = { readonly [K in LossName]: { readonly kind: K } & LossOptions[K] }[LossName];

/** One of the losses whose weighted sum is made small. */
export interface TrainedLoss {
  /** What its figures are called: the output that it is of. */
  readonly name: string;
  /** "own": the terms are an expression of the model's author. */
  readonly loss: Loss | { readonly kind: "own" };
  /** In the sum. */
  readonly weight: number;
  /** The inputs that it compares with, by name. */
  readonly targets: readonly string[];
  /** The number of classes, where it takes class numbers: then it has an accuracy. */
  readonly classes?: number;
}

export interface SgdOptions {
  /** Learning rate. */
  readonly lr: number;
  /** v ← momentum·v + g. Default 0: no momentum. */
  readonly momentum?: number;
  /** Look ahead along the momentum (Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
  /** g ← g + weightDecay·w. Default 0. */
  readonly weightDecay?: number;
}

export interface AdamOptions {
  /** Learning rate. Default 0.001. */
  readonly lr?: number;
  /** Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Decoupled from the gradient (AdamW; Loshchilov & Hutter 2019). Default 0. */
  readonly weightDecay?: number;
}

/** An optimiser as data: it is part of a training program and of a checkpoint. */
export type Optimizer =
  | ({ readonly kind: "sgd" } & Required<SgdOptions>)
  | ({ readonly kind: "adam" } & Required<AdamOptions>);

/** What bounds the gradients, exactly one of both: each value to ±value, or all of them together by their norm. */
export interface Clip {
  /** Gradients are scaled by min(1, norm / (‖g‖ + 1e-6)), with ‖g‖ over all parameters. */
  readonly norm?: number;
  readonly value?: number;
}

/** Slots of the uniform's `rates`, set for each step. The learning rate is 0 where a batch's gradients are gathered alone. */
export const RATE_LR = 0;
/** 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ): Adam's bias corrections (Kingma & Ba 2015). */
export const RATE_FIRST = 1;
export const RATE_SECOND = 2;
/**
 * Of a step that gathers gradients: of a mean the batch's part of the examples gathered with it, of a sum 1 for the first batch
 * and else 0. Either way 1 begins anew.
 */
export const RATE_SHARE = 3;

/**
 * What a training computes besides the model: the input as numbers 0 … 1, the loss, a gradient, the norm of all of them,
 * or what overwrites a parameter.
 */
export type RoleKind = "input" | "loss" | "gradients" | "norm" | "update";

/** What a kernel of a step writes: a layer's activations, or what a role says, of which tensor; then layers that share the kernel. */
export type Result = readonly [role: RoleKind | "activations", of: string, ...sharing: string[]];

/** Everything a page or a process needs to train: JSON and WGSL. */
export interface Training {
  readonly name: string;
  /** One at least; figures are in their order. */
  readonly losses: readonly TrainedLoss[];
  readonly optimizer: Optimizer;
  /** Absent: the mean of the terms of a loss is minimised and reported. */
  readonly reduction?: "sum";
  /** Absent: gradients are taken as they are. */
  readonly clip?: Clip;
  /** Gradients of so many batches of an epoch are gathered for an update. Absent: each batch has its own. */
  readonly accumulate?: number;
  /** Absent: there are none. On what trains and is probably not what was meant, each with something to try. */
  readonly remarks?: readonly Diagnosis[];
  /**
   * Takes one step on a batch: parameters, moments and the metrics are overwritten in place. Its inputs are the model's, the
   * targets, and, where one of these is a data set on the GPU (`storage`), the rows that are the batch (u32). Its params are the
   * model's parameters, then moments and metrics.
   */
  readonly step: Program;
  /** For messages: what each dispatch of `step` writes, in the order of the bindings that it writes. */
  readonly results: readonly (readonly Result[])[];
  /** Adds a batch to the metrics and changes nothing else. Its params are the model's parameters and the metrics. */
  readonly evaluate: Program;
  /** The same training for WebAssembly. Absent: it was not asked for. */
  readonly wasm?: Training;
}
