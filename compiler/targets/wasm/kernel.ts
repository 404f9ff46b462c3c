/** A kernel as a function: its workgroups from one number to another, one thread after the other. */
import type { Size } from "../../../contract/type.ts";
import { InternalError, must } from "../../errors.ts";
import type { KernelModule, Stmt } from "../../ir/stmt.ts";
import type { Memory, UniformField, Value, Variable } from "../../ir/value.ts";
import { type Place, placeOf } from "./address.ts";
import {
  access,
  type Code,
  FUSED,
  FunctionBody,
  get,
  intConst,
  type Local,
  set,
  tee,
  unsigned,
} from "./code.ts";
import { inductionsOf } from "./induction.ts";
import { control, EMPTY, f32, f32x4, i32, i32x4, type ValType, v128 } from "./opcodes.ts";
import { type Store, storesFrom, type Uses, usesOf, variablesIn } from "./uses.ts";
import { asWide, codeOf, type Surroundings, splatOf } from "./values.ts";

/** Bytes of a number in memory. */
const BYTES = 4;
/** Where the uniform holds what; a number for each size follows (`Shader.usesBatch`). */
const UNIFORM = { n: 0, offset: 4, step: 8, seed: 12, rates: 16, sizes: 32 } as const;

export interface KernelFunction {
  /** How many numbers of 32 bits it takes. */
  readonly parameters: number;
  readonly bytes: readonly number[];
  /** Where in them products stand that may be added as they are made. */
  readonly fused: readonly number[];
  /** Whether it calls the function that draws numbers. */
  readonly draws: boolean;
  /** Bytes before a binding's address from which its addresses are counted. */
  readonly bias: number;
}

/**
 * The function of a kernel, as `contract/wasm.ts` has it. `sizes`: those of the program besides N. `random`: the number of the
 * function that draws numbers.
 */
export function kernelFunction(module: KernelModule, sizes: readonly Size[], random: number): KernelFunction {
  if (module.shared.length > 0) throw new InternalError("threads that meet have no WebAssembly");
  return new KernelWriter(module, sizes, random).written();
}

/** Addresses that were computed, by what they are made of. */
type Known = Map<Memory, Map<string, Local>>;

class KernelWriter implements Surroundings {
  readonly #module: KernelModule;
  readonly #sizes: readonly Size[];
  readonly #random: number;
  #draws = false;
  readonly #params: readonly Local[];
  readonly #body: FunctionBody;
  readonly #variables = new Map<Variable, Local>();
  readonly #spread = new Map<Variable, Local>();
  /** What is computed where it is first used. */
  readonly #put = new Map<Variable, Value>();
  readonly #uses: Uses;
  readonly #bases = new Map<Memory, { readonly base: Local; readonly bias: number }>();
  readonly #uniforms = new Map<
    string,
    { readonly local: Local; readonly type: ValType; readonly offset: number }
  >();
  readonly #known: Known[] = [];
  readonly #group: Local;
  readonly #local: Local;
  /** How many blocks are open around the thread's own. */
  #depth = 0;

  constructor(module: KernelModule, sizes: readonly Size[], random: number) {
    this.#module = module;
    this.#sizes = sizes;
    this.#random = random;
    this.#params = Array.from({ length: 3 + module.bindings.length }, () => ({ type: "i32" }) as const);
    this.#body = new FunctionBody(this.#params);
    this.#uses = usesOf(module);
    this.#group = must(this.#params[0], "first");
    this.#local = this.#body.local("i32");
  }

  written(): KernelFunction {
    const { bindings, workgroup, body } = this.#module;
    const [, last] = this.#params;
    this.#enter();
    bindings.forEach((memory, i) => {
      const bias = this.#uses.bias.get(memory) ?? 0;
      const given = must(this.#params[3 + i], "binding");
      const base = bias > 0 ? this.#body.local("i32") : given;
      if (bias > 0) this.#body.put(get(given), intConst(bias), i32.sub, set(base));
      this.#bases.set(memory, { base, bias });
    });
    const batch = must(this.#params[2], "batch");
    for (const { field, slot } of this.#uses.uniforms) {
      const type = field === "rates" ? "f32" : "i32";
      const local = this.#body.local(type);
      const offset = this.#uniformOffset(field, slot);
      this.#body.put(get(batch), type === "f32" ? f32.load : i32.load, access(2, offset), set(local));
      this.#uniforms.set(`${offset}`, { local, type, offset });
    }
    const next = (counter: Local): Code => [...get(counter), ...intConst(1), ...i32.add, ...tee(counter)];
    // for (; group < last; group++)
    this.#body.put([control.block, EMPTY, control.loop, EMPTY]);
    this.#body.put(get(this.#group), get(must(last, "last")), i32.geS, [control.brIf, 1]);
    if (workgroup > 1) this.#body.put(intConst(0), set(this.#local), [control.loop, EMPTY]);
    this.#body.put([control.block, EMPTY]);
    this.#block(body);
    this.#body.put([control.end]);
    if (workgroup > 1)
      this.#body.put(next(this.#local), intConst(workgroup), i32.ltS, [control.brIf, 0, control.end]);
    this.#body.put(next(this.#group), [control.drop, control.br, 0, control.end, control.end]);
    const bias = Math.max(0, ...this.#uses.bias.values());
    return { parameters: this.#params.length, ...this.#body.written(), draws: this.#draws, bias };
  }

  variable(v: Variable): Code {
    const value = this.#put.get(v);
    if (!value) return get(must(this.#variables.get(v), `variable ${v.stem}`));
    this.#put.delete(v);
    const code = asWide(value, v.type.width, this);
    const local = this.#body.local(localType(v));
    this.#variables.set(v, local);
    return [...code, ...tee(local)];
  }

  spreadVariable(v: Variable): Code {
    const known = this.#spread.get(v);
    if (known) return get(known);
    const value = this.#uses.single.has(v) ? undefined : this.#put.get(v);
    if (value) this.#put.delete(v);
    const code = value ? asWide(value, 4, this) : [...this.variable(v), ...splatOf(v.type.scalar)];
    if (!this.#uses.spread.has(v) || this.#uses.changes(v)) return code;
    const local = this.#body.local("v128");
    this.#spread.set(v, local);
    return [...code, ...tee(local)];
  }

  uniform(field: UniformField, slot: number): Code {
    return get(must(this.#uniforms.get(`${this.#uniformOffset(field, slot)}`), "uniform").local);
  }

  #uniformOffset(field: UniformField, slot: number): number {
    if (typeof field === "object") return UNIFORM.sizes + BYTES * this.#sizes.indexOf(field);
    return UNIFORM[field] + BYTES * slot;
  }

  builtin(name: "group" | "local"): Code {
    if (name === "group") return get(this.#group);
    return this.#module.workgroup > 1 ? get(this.#local) : intConst(0);
  }

  address(place: Place): { readonly code: Code; readonly offset: number } {
    const { memory, at, offset } = place;
    const { base, bias } = must(this.#bases.get(memory), `memory ${memory.stem}`);
    const bytes = BYTES * offset + bias;
    if (at === undefined) return { code: get(base), offset: bytes };
    const pointer = this.#pointer(place);
    if (pointer) return { code: get(pointer), offset: bytes };
    const code = this.#pointerCode(place, at);
    return { code: this.#uses.changes(at) ? code : [...code, ...tee(this.#know(place))], offset: bytes };
  }

  /** The address of the place in bytes, apart from its offset, counted at `at`. */
  #pointerCode({ memory, scale }: Place, at: Value): Code {
    const { base } = must(this.#bases.get(memory), `memory ${memory.stem}`);
    const shift = Math.log2(BYTES * scale);
    return [...codeOf(at, this), ...intConst(shift), ...i32.shl, ...get(base), ...i32.add];
  }

  /** The local that holds the address of a place, apart from its offset. */
  #pointer({ memory, at, scale }: Place): Local | undefined {
    for (const scope of this.#known) {
      const local = scope.get(memory)?.get(`${at?.id} ${scale}`);
      if (local) return local;
    }
    return undefined;
  }

  /** A local for an address that is known from here to the end of the block. */
  #know({ memory, at, scale }: Place): Local {
    const local = this.#body.local("i32");
    const scope = must(this.#known.at(-1), "scope");
    const inMemory = scope.get(memory) ?? new Map<string, Local>();
    inMemory.set(`${at?.id} ${scale}`, local);
    scope.set(memory, inMemory);
    return local;
  }

  /** The addresses that are counted from a variable: computed where it is, not in each turn of a loop within. */
  #addresses(variable: Variable): void {
    for (const place of this.#uses.places.get(variable) ?? [])
      this.#body.put(this.address(place).code, [control.drop]);
  }

  temporary(type: ValType): Local {
    return this.#body.local(type);
  }

  random(counter: Code, salt: number): Code {
    const [step, seed] = [this.uniform("step", 0), this.uniform("seed", 0)];
    this.#draws = true;
    return [...counter, ...intConst(salt), ...step, ...seed, control.call, ...unsigned(this.#random)];
  }

  #enter(): void {
    this.#known.push(new Map());
  }

  #block(statements: readonly Stmt[], counter?: Variable): void {
    this.#enter();
    if (counter) this.#addresses(counter);
    for (let i = 0; i < statements.length; ) {
      const run = storesFrom(statements, i);
      if (run) this.#storeVector(run);
      else this.#statement(must(statements[i], "statement"));
      i += run ? run.length : 1;
    }
    this.#known.pop();
  }

  #statement(s: Stmt): void {
    if (s.kind === "for" || s.kind === "if") this.#settle(s);
    switch (s.kind) {
      case "let":
      case "var":
        this.#declare(s.kind, s.variable, s.value);
        return;
      case "assign": {
        const to = must(this.#variables.get(s.to), "variable");
        if (s.op === "+=") this.#body.put(this.#term(s.value, s.to), get(to), sum(s.to), set(to));
        else this.#body.put(asWide(s.value, s.to.type.width, this), set(to));
        return;
      }
      case "store":
        this.#store(s);
        return;
      case "for":
        this.#loop(s);
        return;
      case "if":
        this.#if(s);
        return;
      case "return":
        this.#body.put([control.br, this.#depth]);
        return;
      case "array":
        throw new InternalError("an array of a thread's own has no WebAssembly");
      case "barrier":
        throw new InternalError("threads that meet have no WebAssembly");
      case "bind":
      case "share":
        throw new InternalError(`a statement that passes leave behind: ${s.kind}`);
    }
  }

  /** What is added to a variable. */
  #term(value: Value, { type }: Variable): Code {
    const isProduct = value.kind === "binary" && value.op === "*" && type.scalar === "f32" && type.width > 1;
    if (!isProduct) return asWide(value, type.width, this);
    const factors = [value.left, value.right].flatMap((factor) => asWide(factor, type.width, this));
    return [...factors, FUSED, ...f32x4.mul];
  }

  /**
   * A value that nothing can change is computed where it is first used, so that it takes no register before; but ahead of
   * loops and branches that use it, and at once where addresses are counted from it.
   */
  #declare(kind: "let" | "var", variable: Variable, value: Value): void {
    const places = this.#uses.places.get(variable) ?? [];
    const waits = kind === "let" && this.#uses.isFixed(value) && places.every((p) => this.#pointer(p));
    if (waits) {
      this.#put.set(variable, value);
      return;
    }
    const local = this.#body.local(localType(variable));
    const code = asWide(value, variable.type.width, this);
    this.#variables.set(variable, local);
    this.#body.put(code, set(local));
    this.#addresses(variable);
  }

  /** What is used in other blocks is there before them. */
  #settle(s: Stmt): void {
    for (const v of variablesIn(s)) {
      if (this.#put.has(v) && (this.#uses.single.has(v) || !this.#uses.spread.has(v)))
        this.#body.put(this.variable(v), [control.drop]);
      if (this.#uses.spread.has(v) && !this.#spread.has(v) && !this.#uses.changes(v) && this.#isKnown(v))
        this.#body.put(this.spreadVariable(v), [control.drop]);
    }
  }

  #isKnown(v: Variable): boolean {
    return this.#variables.has(v) || this.#put.has(v);
  }

  #store({ to, at, value }: Extract<Stmt, { kind: "store" }>): void {
    const place = placeOf(to, at);
    const { code, offset } = this.address(place);
    const { width, scalar } = to.type;
    if (width > 1) {
      const wide =
        width === 4 ? [...v128.store, ...access(2, offset)] : [...v128.store64Lane, ...access(2, offset), 0];
      this.#body.put(code, asWide(value, width, this), wide);
      return;
    }
    if (value.kind === "component" && value.of.kind === "variable") {
      this.#body.put(code, codeOf(value.of, this), v128.store32Lane, access(2, offset), [value.lane]);
      return;
    }
    this.#body.put(code, codeOf(value, this), scalar === "f32" ? f32.store : i32.store, access(2, offset));
  }

  /** The components of a vector, stored side by side. */
  #storeVector(run: readonly Store[]): void {
    const { to, at, value } = must(run[0], "store");
    if (value.kind !== "component") throw new InternalError("no component");
    const { code, offset } = this.address(placeOf(to, at));
    const wide =
      run.length === 4
        ? [...v128.store, ...access(2, offset)]
        : [...v128.store64Lane, ...access(2, offset), 0];
    this.#body.put(code, codeOf(value.of, this), wide);
  }

  #loop(loop: Extract<Stmt, { kind: "for" }>): void {
    const { variable, start, end, step, body } = loop;
    const counter = this.#body.local("i32");
    this.#variables.set(variable, counter);
    this.#body.put(codeOf(start, this), set(counter));
    const isRun = start.kind === "literal" && end.kind === "literal" && start.value < end.value;
    const stop: Code = codeOf(end, this);
    this.#enter();
    // Addresses that move by the same distance each turn are moved, not computed.
    const moving = inductionsOf(loop, this.#uses).map(({ place, first, distance }) => {
      const code = this.#pointerCode(place, first);
      const pointer = this.#know(place);
      this.#body.put(code, set(pointer));
      return [...get(pointer), ...intConst(BYTES * place.scale * distance), ...i32.add, ...set(pointer)];
    });
    if (!isRun) {
      this.#body.put(get(counter), stop, i32.ltS, [control.if, EMPTY]);
      this.#depth++;
    }
    this.#body.put([control.loop, EMPTY]);
    this.#depth++;
    this.#block(body, variable);
    this.#body.put(...moving);
    this.#body.put(get(counter), intConst(step), i32.add, tee(counter), stop, i32.ltS, [
      control.brIf,
      0,
      control.end,
    ]);
    this.#depth--;
    if (!isRun) {
      this.#body.put([control.end]);
      this.#depth--;
    }
    this.#known.pop();
  }

  #if({ condition, body, otherwise }: Extract<Stmt, { kind: "if" }>): void {
    const [only] = body;
    if (body.length === 1 && only?.kind === "return" && !otherwise) {
      this.#body.put(codeOf(condition, this), [control.brIf, this.#depth]);
      return;
    }
    this.#body.put(codeOf(condition, this), [control.if, EMPTY]);
    this.#depth++;
    this.#block(body);
    if (otherwise) {
      this.#body.put([control.else]);
      this.#block(otherwise);
    }
    this.#depth--;
    this.#body.put([control.end]);
  }
}

/** Where a variable's value is kept. */
function localType({ type: { scalar, width } }: Variable): ValType {
  if (width > 1) return "v128";
  return scalar === "f32" || scalar === "f16" ? "f32" : "i32";
}

function sum({ type: { scalar, width } }: Variable): Code {
  if (scalar === "f32") return width > 1 ? f32x4.add : f32.add;
  return width > 1 ? i32x4.add : i32.add;
}
