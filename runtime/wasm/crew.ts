/** Who carries commands out: this thread, or workers. */
import { type Answer, CONTROL, type Machine, type Message, machine, serve } from "./machine.ts";

/** A worker of a page, or of Node. */
interface Hand {
  postMessage(message: Message): void;
  terminate(): unknown;
  ref?(): void;
  unref?(): void;
}

/** Tells of what a worker answers, and that it failed. */
type Hire = (answered: (answer: Answer) => void, failed: (why: string) => void) => Hand;

/** What the platform has: how workers are made, how many are worth it, whether memory can be shared with them. */
export interface Platform {
  readonly hire: Hire | undefined;
  readonly cores: number;
  readonly sharing: boolean;
}

/** Lists of a lower cost are carried out at once where nothing is under way: less than workers would take to hear of them. */
const SMALL = 2_000_000;

interface Asked {
  readonly message: Message;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** To a worker. With esbuild's `keepNames`, functions tell their names to one that a worker does not have. */
const source = (port: string): string => `const __name = (f) => f; (${serve})(${port}, ${machine})`;

interface Threads {
  readonly Worker: new (
    code: string,
    options: object,
  ) => Hand & { on(event: string, listener: (value: never) => void): void };
}

let page: string | undefined;

export async function platform(): Promise<Platform> {
  const { process, navigator, Worker, crossOriginIsolated } = globalThis as Partial<typeof globalThis>;
  const sharing = typeof SharedArrayBuffer === "function" && crossOriginIsolated !== false;
  if (process?.versions?.node) {
    // Not in the text of an import: a page's bundler would look for them.
    const builtin = (name: string): Promise<unknown> =>
      import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`);
    const threads = (await builtin("worker_threads")) as Threads;
    const os = (await builtin("os")) as { availableParallelism(): number };
    const hire: Hire = (answered, failed) => {
      const text = source('require("node:worker_threads").parentPort');
      const worker = new threads.Worker(text, { eval: true, execArgv: [], name: "weft" });
      worker.on("message", answered);
      worker.on("error", ({ message }: Error) => failed(message));
      worker.on("exit", (code: number) => failed(`a worker ended with code ${code}`));
      return worker;
    };
    return { hire, sharing, cores: os.availableParallelism() };
  }
  const hire: Hire = (answered, failed) => {
    page ??= URL.createObjectURL(new Blob([source("self")], { type: "text/javascript" }));
    const worker = new (Worker as typeof globalThis.Worker)(page, { type: "module", name: "weft" });
    worker.onmessage = ({ data }) => answered(data);
    worker.onerror = ({ message }) => failed(message ?? "a worker was refused");
    return worker;
  };
  return { hire: Worker && hire, sharing, cores: navigator?.hardwareConcurrency ?? 1 };
}

export class Crew {
  /** How many divide the work. */
  readonly threads: number;
  readonly shared: boolean;
  /** Absent: this thread does everything. */
  #hire: Hire | undefined;
  readonly #control: Int32Array;
  readonly #lose: (why: string) => void;
  /** This thread's own. Absent: the memory is a worker's. */
  #own: Machine | undefined;
  readonly #modules: Message[] = [];
  #hands: Hand[] = [];
  /** What the first worker has not answered, in order. */
  #asked: Asked[] = [];
  /** Whether workers are known to work: until then this thread does what they cannot. */
  #proven = false;
  #over: Error | undefined;

  /** `threads`: 1, or how many workers where memory can be shared. `lose`: told when a worker has died. */
  constructor({ hire, sharing }: Platform, threads: number, lose: (why: string) => void) {
    this.#hire = threads > 1 ? hire : undefined;
    this.shared = sharing && this.#hire !== undefined;
    this.threads = this.shared ? threads : 1;
    this.#lose = lose;
    this.#control = new Int32Array(new (this.shared ? SharedArrayBuffer : ArrayBuffer)(4 * CONTROL));
    if (this.shared || !this.#hire) this.#own = machine(undefined, this.shared, this.#control, 0, 1);
    else this.#start();
  }

  /**
   * Does as a method of the machine does, after all that was asked before. A list that costs little is carried out here and
   * now where it can be. Rejects where that failed, and once all is over.
   */
  ask(cost: number, ...message: Message): Promise<unknown> {
    if (this.#over) return Promise.reject(this.#over);
    const [name] = message;
    const add = name === "add";
    if (add) this.#modules.push(message);
    const small = cost < SMALL && !this.#asked.length;
    if (this.#own && (!this.#hire || add || small)) {
      const done = this.#here(message);
      if (!add || !this.#hands.length) return done;
    } else if (!this.#hands.length) this.#start();
    return this.#hands.length ? this.#there(message) : this.#here(message);
  }

  /** Of what is sent to a worker, a copy is: the whole memory of a view would be. */
  write(at: number, data: Uint8Array): Promise<undefined> {
    const here = this.#own && !this.#asked.length;
    return this.ask(0, "write", at, here ? data : data.slice()) as Promise<undefined>;
  }

  /** Whether the memory has grown by so many pages. Where it is a worker's, it will have, or that is refused. */
  grow(pages: number): boolean | Promise<boolean> {
    if (!this.#own)
      return this.ask(0, "grow", pages).then(
        () => true,
        () => false,
      );
    try {
      return this.#own.grow(pages) > 0;
    } catch {
      return false;
    }
  }

  /** Once all that was asked is done. */
  after(work: () => void): void {
    if (this.#asked.length) this.#there(["read", 0, 0]).then(work, work);
    else work();
  }

  /** Whatever is asked, now and later, is rejected. */
  end(over: Error): void {
    this.#over ??= over;
    for (const hand of this.#hands.splice(0)) hand.terminate();
    for (const { reject } of this.#asked.splice(0)) reject(this.#over);
    this.#own = undefined;
  }

  /** At once: what is thrown rejects. */
  async #here([name, ...args]: Message): Promise<unknown> {
    return ((this.#own as Machine)[name as keyof Machine] as (...args: unknown[]) => unknown)(...args); // whoever asks has looked
  }

  #there(message: Message): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const [first] = this.#hands;
      // A process waits for this much.
      if (!this.#asked.length) first?.ref?.();
      this.#asked.push({ message, resolve, reject });
      const all = message[0] === "add" || message[0] === "run";
      for (const hand of all ? this.#hands : this.#hands.slice(0, 1)) hand.postMessage(message);
    });
  }

  #start(): void {
    const answered = ([result, problem]: Answer): void => {
      this.#proven = true;
      const asked = this.#asked.shift();
      if (!this.#asked.length) this.#hands[0]?.unref?.();
      if (problem === undefined) asked?.resolve(result);
      else asked?.reject(new Error(problem));
    };
    try {
      for (let i = 0; i < this.threads; i++)
        this.#hands.push((this.#hire as Hire)(answered, (why) => this.#fail(why)));
    } catch (error) {
      this.#fail((error as Error).message);
      return;
    }
    this.#hands.forEach((hand, index) => {
      hand.unref?.();
      const open = ["open", this.#own?.memory, this.shared, this.#control, index, this.threads] as const;
      if (index) hand.postMessage(open);
      else this.#there(open).catch(({ message }) => this.#fail(message));
    });
    for (const message of this.#modules) this.#there(message).catch(() => {});
  }

  /** Where workers never were, as under a page's policy that forbids them, this thread does what they were asked. */
  #fail(why: string): void {
    if (this.#over || !this.#hire) return;
    if (this.#proven) {
      this.#lose(why);
      return;
    }
    this.#hire = undefined;
    for (const hand of this.#hands.splice(0)) hand.terminate();
    this.#own ??= machine(undefined, false, this.#control, 0, 1);
    for (const { message, resolve, reject } of this.#asked.splice(0))
      if (message[0] !== "open") this.#here(message).then(resolve, reject);
  }
}
