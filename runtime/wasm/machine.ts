/**
 * What carries commands out on a memory: where it is called, or in workers, which are given the texts of both functions. So
 * these refer to nothing outside of themselves.
 */

/** Words of a command before its arguments. */
export const HEAD = 5;
/** In place of a module's number: fills with zeros [at, bytes], copies [to, bytes, from]. */
export const CLEAR = 0xffff_ffff;
export const COPY = 0xffff_fffe;
/** Words that the workers of a memory share: who waits, and what failed. */
export const CONTROL = 256;

/** Where in a list a command failed, and why. */
export type Failed = readonly [at: number, why: string];
export type Machine = ReturnType<typeof machine>;

/**
 * One of `count` that share the memory, or, where it is given none, one that makes its own. A list is commands of words,
 * each [module, kernel, workgroups, cost, arguments, …arguments], the cost that of all workgroups. They are cut into chunks, of
 * which whoever is free takes the next: cores differ, and others want them too.
 *
 * `control` holds how many have arrived where all wait for each other, how often all had, how many chunks are taken, and of
 * the first failure of a list its place + 1, the length of its text and the text.
 */
export function machine(
  memory: WebAssembly.Memory | undefined,
  shared: boolean,
  control: Int32Array,
  index: number,
  count: number,
) {
  /** The least cost of a chunk: some microseconds, which waiting for each other takes too. */
  const CHUNK = 50_000;
  /** Of a command, for each machine: so the last ones to end are not long behind. */
  const MOST_CHUNKS = 6;
  /** How often the others are looked at before the thread sleeps: some microseconds. */
  const SPINS = 2000;
  let own = memory;
  // Address space is reserved for the maximum, which not every system has.
  for (let maximum = 65_536; !own; maximum /= 2)
    try {
      own = new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch (error) {
      if (maximum < 1024) throw error;
    }
  const held = own;
  const instances: WebAssembly.Exports[] = [];
  const bytes = (at: number, size: number): Uint8Array => new Uint8Array(held.buffer, at, size);

  const meet = (): void => {
    if (count < 2) return;
    const time = Atomics.load(control, 1);
    if (Atomics.add(control, 0, 1) === count - 1) {
      Atomics.store(control, 0, 0);
      Atomics.store(control, 2, 0);
      Atomics.add(control, 1, 1);
      Atomics.notify(control, 1);
    }
    for (let i = 0; i < SPINS && Atomics.load(control, 1) === time; i++);
    while (Atomics.load(control, 1) === time) Atomics.wait(control, 1, time);
  };

  const carryOut = (list: Uint32Array, at: number, chunk: number, of: number): void => {
    const word = (i: number): number => list[at + i] as number; // undefined behind the list, which kernels do not take
    const [module, groups] = [word(0), word(2)];
    const kernel = instances[module]?.[word(1)] as (...words: number[]) => void;
    if (module === 0xffff_ffff) bytes(word(5), word(6)).fill(0);
    else if (module === 0xffff_fffe) bytes(word(5), word(6)).set(bytes(word(7), word(6)));
    else {
      const first = Math.floor((groups * chunk) / of);
      const last = Math.floor((groups * (chunk + 1)) / of);
      // As many as a kernel may have: what is too many is dropped.
      kernel(
        first,
        last,
        word(5),
        word(6),
        word(7),
        word(8),
        word(9),
        word(10),
        word(11),
        word(12),
        word(13),
      );
    }
  };

  return {
    memory: held,
    add(number: number, module: WebAssembly.Module): void {
      instances[number] = new WebAssembly.Instance(module, { "": { m: held } }).exports;
    },
    write(at: number, data: Uint8Array): void {
      bytes(at, data.length).set(data);
    },
    read: (at: number, size: number): Uint8Array => bytes(at, size).slice(),
    grow: (pages: number): number => held.grow(pages),
    /** After a failure the rest of the list is left out. */
    run(list: Uint32Array): Failed | undefined {
      let before = 1;
      meet();
      for (let at = 0; at < list.length; at += 5 + (list[at + 4] as number)) {
        const [groups, cost] = list.subarray(at + 2, at + 4) as unknown as [number, number];
        const chunks = count < 2 ? 1 : Math.min(count * MOST_CHUNKS, groups, (cost / CHUNK) | 0) || 1;
        // What is not divided is done by the first one, without waiting in between.
        if (chunks + before > 2) meet();
        before = chunks;
        const take = (own: number): number => (chunks > 1 ? Atomics.add(control, 2, 1) : own);
        try {
          for (let i = take(index); i < chunks && !control[3]; i = take(i + 1)) carryOut(list, at, i, chunks);
        } catch (error) {
          if (Atomics.compareExchange(control, 3, 0, at + 1)) continue;
          const text = (error as Error).message.slice(0, 200);
          control.set([text.length, ...Array.from(text, (c) => c.charCodeAt(0))], 4);
        }
      }
      meet();
      const [failed, length] = control.subarray(3, 5) as unknown as [number, number];
      if (!failed || index) return undefined;
      control[3] = 0;
      return [failed - 1, String.fromCharCode(...control.subarray(5, 5 + length))];
    },
  };
}

/** What a worker's port is to `serve`. */
export interface Port {
  onmessage: ((event: { readonly data: Message }) => void) | null;
  postMessage(answer: Answer, transfer: readonly ArrayBufferLike[]): void;
}
/** The first one is what the machine is made with, the others its methods. */
export type Message = readonly [name: string, ...args: unknown[]];
/** To each message to the first worker, in their order. */
export type Answer = readonly [result: unknown, problem?: string];

/** A worker's whole work: answers messages, the first worker that is: the others do the same in step. */
export function serve(port: Port, make: typeof machine): void {
  let own: Machine | undefined;
  let index = 0;
  port.onmessage = ({ data: [name, ...args] }) => {
    let answer: Answer;
    try {
      if (!own) {
        own = make(...(args as Parameters<typeof machine>));
        index = args[3] as number;
        answer = [undefined];
      } else answer = [(own[name as keyof Machine] as (...args: unknown[]) => unknown)(...args)];
    } catch (error) {
      answer = [undefined, (error as Error).message];
    }
    const [result] = answer;
    if (!index) port.postMessage(answer, result instanceof Uint8Array ? [result.buffer] : []);
  };
}
