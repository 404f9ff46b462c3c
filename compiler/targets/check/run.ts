/**
 * Carries a kernel out in JavaScript, all threads of a workgroup statement by statement, and reports what a GPU passes over
 * in silence: accesses outside of an array, races between threads, barriers at which threads are missing, and what is read
 * though nobody wrote it.
 */
import { InternalError, must } from "../../errors.ts";
import type { KernelModule, Stmt } from "../../ir/stmt.ts";
import type { Memory, UniformField, Value, Variable } from "../../ir/value.ts";
import { type BoundBuffer, CheckedMemory, type Trouble } from "./memory.ts";
import { type Code, codeOf, type Threads, type Tracked, tracked } from "./values.ts";

export type { BoundBuffer } from "./memory.ts";

/** A breach, once for each statement and memory. */
export interface Finding {
  readonly what: Trouble | "barrier" | "quad";
  readonly statement: Stmt;
  /** What was accessed; absent for barriers and quads. */
  readonly memory?: Memory;
  readonly element?: number;
  /** A thread that was at fault: its number in the dispatch. */
  readonly thread: number;
}

/** What the uniform holds: `Batch` of contract/program.ts. */
export interface RunUniform {
  readonly n: number;
  readonly offset?: number;
  readonly step?: number;
  readonly seed?: number;
  readonly rates?: readonly number[];
  /** Other sizes, by name. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * Runs a dispatch of `groups` workgroups over the buffers of the module's bindings, in their order, and returns what it found.
 * Accesses that are at fault read 0 and write nothing.
 */
export function runChecked(
  module: KernelModule,
  buffers: readonly BoundBuffer[],
  groups: number,
  uniform: RunUniform,
): readonly Finding[] {
  const machine = new Machine(module, buffers, uniform);
  for (let group = 0; group < groups; group++) machine.run(group);
  return machine.findings;
}

type Action = (threads: Threads) => void;

class Machine {
  readonly #found: Finding[] = [];
  readonly #faults = new Map<string, number>();
  readonly #reported = new Set<Finding>();
  readonly #workgroup: number;
  readonly #uniform: RunUniform;
  readonly #shared: readonly Memory[];
  readonly #memories: Map<Memory, CheckedMemory>;
  /** A thread's own arrays: each is as many as there are threads. */
  readonly #own = new Map<Memory, readonly CheckedMemory[]>();
  readonly #columns = new Map<Value, readonly Tracked[]>();
  readonly #body: Action;
  readonly #all: Threads;
  #group = 0;
  #phase = 1;
  #gone = new Set<number>();
  #statement: Stmt | undefined;

  constructor(
    { bindings, shared, workgroup, body }: KernelModule,
    buffers: readonly BoundBuffer[],
    uniform: RunUniform,
  ) {
    this.#workgroup = workgroup;
    this.#uniform = uniform;
    this.#shared = shared;
    this.#memories = new Map(bindings.map((m, i) => [m, new CheckedMemory(m, must(buffers[i], "buffer"))]));
    this.#all = Array.from({ length: workgroup }, (_, t) => t);
    this.#body = this.#block(body);
  }

  get findings(): readonly Finding[] {
    return [...this.#reported];
  }

  run(group: number): void {
    this.#group = group;
    this.#phase++;
    this.#gone = new Set();
    for (const memory of this.#shared) this.#memories.set(memory, CheckedMemory.fresh(memory));
    this.#body(this.#all);
  }

  /** What is at fault now, once for each statement and memory: its number, counted from 1. */
  #fault(what: Finding["what"], thread: number, memory?: Memory, element?: number): number {
    const statement = must(this.#statement, "statement");
    const key = `${this.#numberOf(statement)} ${what} ${memory?.id}`;
    const known = this.#faults.get(key);
    if (known) return known;
    const place = memory && { memory, element: element ?? 0 };
    this.#found.push({ what, statement, thread: this.#group * this.#workgroup + thread, ...place });
    this.#faults.set(key, this.#found.length);
    return this.#found.length;
  }

  #report(fault: number): void {
    if (fault > 0) this.#reported.add(must(this.#found[fault - 1], "finding"));
  }

  /** What has an effect must not be made from a read at fault: not an address, not a condition, not what is stored. */
  #use(code: Code, threads: Threads): void {
    for (const { fault } of code.out) for (const t of threads) this.#report(fault[t] ?? 0);
  }

  readonly #numbers = new Map<Stmt, number>();
  #numberOf(s: Stmt): number {
    const number = this.#numbers.get(s) ?? this.#numbers.size;
    this.#numbers.set(s, number);
    return number;
  }

  #memory(memory: Memory, thread: number): CheckedMemory {
    const own = this.#own.get(memory)?.[thread];
    return own ?? must(this.#memories.get(memory), "memory");
  }

  /** Threads are told apart over the whole dispatch where memory is. */
  #identity(memory: Memory, thread: number): number {
    return memory.space === "storage" ? this.#group * this.#workgroup + thread + 1 : thread + 1;
  }

  /** Storage knows no barrier: a dispatch is one phase. */
  #phaseOf(memory: Memory): number {
    return memory.space === "storage" ? 1 : this.#phase;
  }

  #variable(v: Value): readonly Tracked[] {
    const known = this.#columns.get(v);
    if (known) return known;
    const columns = Array.from({ length: v.type.width }, () => tracked(v.type.scalar, this.#workgroup));
    this.#columns.set(v, columns);
    return columns;
  }

  #code(v: Value): Code {
    return codeOf(v, {
      workgroup: this.#workgroup,
      group: () => this.#group,
      variable: (variable) => this.#variable(variable),
      uniform: (field, slot) => this.#number(field, slot),
      load: (from, at, lane, thread) => this.#memory(from, thread).read(at, lane),
      fault: (from, at, lane, thread) => {
        const trouble = this.#memory(from, thread).reads(
          at,
          lane,
          this.#identity(from, thread),
          this.#phaseOf(from),
        );
        return trouble ? this.#fault(trouble, thread, from, at) : 0;
      },
      ask: (thread, of, threads) => {
        if (!threads.includes(of)) this.#report(this.#fault("quad", thread));
      },
    });
  }

  #number(field: UniformField, slot: number): number {
    const { n, offset = 0, step = 0, seed = 0, rates = [], sizes = {} } = this.#uniform;
    if (typeof field === "object") return sizes[field.name] ?? 0;
    if (field === "rates") return rates[slot] ?? 0;
    return { n, offset, step, seed }[field] ?? 0;
  }

  #block(statements: readonly Stmt[]): Action {
    const actions = statements.map((s) => ({ s, run: this.#action(s) }));
    return (threads) => {
      let left = threads;
      for (const { s, run } of actions) {
        if (this.#gone.size > 0) left = left.filter((t) => !this.#gone.has(t));
        if (left.length === 0) return;
        this.#statement = s;
        run(left);
      }
    };
  }

  #set(variable: Variable, value: Value, adds = false): Action {
    const columns = this.#variable(variable);
    const code = this.#code(value);
    return (threads) => {
      code.run(threads);
      columns.forEach(({ of, fault }, lane) => {
        const from = must(code.out[code.out.length === 1 ? 0 : lane], "component");
        for (const t of threads) {
          of[t] = adds ? (of[t] ?? 0) + (from.of[t] ?? 0) : (from.of[t] ?? 0);
          fault[t] = (adds && fault[t]) || (from.fault[t] ?? 0);
        }
      });
    };
  }

  #action(s: Stmt): Action {
    switch (s.kind) {
      case "let":
      case "var":
        return this.#set(s.variable, s.value);
      case "assign":
        return this.#set(s.to, s.value, s.op === "+=");
      case "array": {
        const codes = s.values.map((v) => this.#code(v));
        return (threads) => {
          const arrays = this.#all.map(() => CheckedMemory.fresh(s.array));
          this.#own.set(s.array, arrays);
          codes.forEach((code, i) => {
            code.run(threads);
            this.#use(code, threads);
            for (const t of threads)
              code.out.forEach(({ of }, lane) => {
                arrays[t]?.write(i, lane, of[t] ?? 0);
              });
          });
        };
      }
      case "store":
        return this.#store(s);
      case "for":
        return this.#loop(s);
      case "if":
        return this.#branch(s);
      case "barrier":
        return (threads) => {
          const missing = threads.length < this.#workgroup && this.#all.find((t) => !threads.includes(t));
          if (typeof missing === "number") this.#report(this.#fault("barrier", missing));
          this.#phase++;
        };
      case "return":
        return (threads) => {
          for (const t of threads) this.#gone.add(t);
        };
      case "bind":
      case "share":
        throw new InternalError(`a statement that passes leave behind: ${s.kind}`);
    }
  }

  #store({ to, at, value }: Extract<Stmt, { kind: "store" }>): Action {
    const [place, code] = [this.#code(at), this.#code(value)];
    return (threads) => {
      place.run(threads);
      code.run(threads);
      for (const used of [place, code]) this.#use(used, threads);
      for (const t of threads) {
        const memory = this.#memory(to, t);
        const index = place.out[0]?.of[t] ?? 0;
        code.out.forEach(({ of }, lane) => {
          const trouble = memory.writes(index, lane, this.#identity(to, t), this.#phaseOf(to));
          if (trouble) this.#report(this.#fault(trouble, t, to, index));
          if (trouble !== "outside") memory.write(index, lane, of[t] ?? 0);
        });
      }
    };
  }

  #loop(s: Extract<Stmt, { kind: "for" }>): Action {
    const begin = this.#set(s.variable, s.start);
    const [counter] = this.#variable(s.variable);
    const end = this.#code(s.end);
    const body = this.#block(s.body);
    return (threads) => {
      const { of: at } = must(counter, "loop's variable");
      begin(threads);
      for (let left = threads; ; ) {
        this.#statement = s;
        end.run(left);
        this.#use(end, left);
        left = left.filter((t) => !this.#gone.has(t) && (at[t] ?? 0) < (end.out[0]?.of[t] ?? 0));
        if (left.length === 0) return;
        body(left);
        for (const t of left) at[t] = (at[t] ?? 0) + s.step;
      }
    };
  }

  #branch(s: Extract<Stmt, { kind: "if" }>): Action {
    const condition = this.#code(s.condition);
    const [body, otherwise] = [this.#block(s.body), s.otherwise && this.#block(s.otherwise)];
    return (threads) => {
      condition.run(threads);
      this.#use(condition, threads);
      const holds = condition.out[0]?.of;
      const then = threads.filter((t) => holds?.[t]);
      const rest = threads.filter((t) => !holds?.[t]);
      if (then.length > 0) body(then);
      if (otherwise && rest.length > 0) otherwise(rest);
    };
  }
}
