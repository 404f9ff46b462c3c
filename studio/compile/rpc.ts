/** Calls into a worker as promises. Errors come back with their message, and a `UserError` with its diagnosis. */
import { UserError } from "../../compiler/errors.ts";
import type { Diagnosis } from "../../contract/diagnosis.ts";

// biome-ignore lint/suspicious/noExplicitAny: any function will do; its own types hold at both ends
type Functions = Readonly<Record<string, (...args: any[]) => unknown>>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly message: string; readonly diagnosis?: Diagnosis };

/** What `self` of a worker is; the types of pages know no workers' scope. */
interface Scope {
  onmessage: ((event: MessageEvent<Call>) => void) | null;
  postMessage(answer: Answer): void;
}

/** In the worker: answers calls of these functions, one after the other. */
export function answer(functions: Functions): void {
  const scope = globalThis as unknown as Scope; // a worker's
  let turn: Promise<unknown> = Promise.resolve();
  scope.onmessage = ({ data: { id, name, args } }) => {
    turn = turn.then(async () => {
      try {
        scope.postMessage({ id, value: await functions[name]?.(...args) });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const diagnosis = error instanceof UserError ? { diagnosis: error.diagnosis } : {};
        scope.postMessage({ id, message, ...diagnosis });
      }
    });
  };
}

/** A worker that was stopped, by us or by its time limit. */
export class Stopped extends Error {}

export interface Remote<F extends Functions> {
  call<K extends keyof F & string>(name: K, ...args: Parameters<F[K]>): Promise<Awaited<ReturnType<F[K]>>>;
  /** Ends the worker; what is awaited rejects with `Stopped`. */
  stop(): void;
}

/** Starts a worker that `answer`s. */
export function remote<F extends Functions>(url: string): Remote<F> {
  const worker = new Worker(url, { type: "module" });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  const end = (error: Error): void => {
    worker.terminate();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onerror = (event) => end(new Error(`${url}: ${event.message || "cannot be loaded"}`));
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ("value" in data) call?.resolve(data.value);
    else call?.reject(data.diagnosis ? new UserError(data.diagnosis) : new Error(data.message));
  };
  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        // as: the worker answers a call with what its function returns
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        worker.postMessage({ id, name, args } satisfies Call);
      }),
    stop: () => end(new Stopped("the worker was stopped")),
  };
}
