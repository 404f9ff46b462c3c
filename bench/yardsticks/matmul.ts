/** Hand-written matrix products: register tiles with vec4 loads, and ways to share one operand between threads. */
import type { RawKernel } from "../gpu.ts";

/** How the rows of `a` reach the threads that use the same ones. */
export type Sharing =
  /** Each thread loads them. */
  | "none"
  /** They depend on the workgroup alone, so that a driver may load them once for all its threads. */
  | "workgroup"
  /** The lanes of a subgroup load one row each and pass them round. */
  | "subgroup"
  /** They are in uniform buffers, 64 KiB a dispatch. */
  | "uniform";

/** What every device binds of a uniform buffer. */
export const UNIFORM_BYTES = 65536;

export interface MatmulShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface MatmulTile {
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  readonly sharing: Sharing;
  /** Threads of a workgroup. */
  readonly workgroup: number;
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const lines = (list: readonly string[]): string => list.join("\n");

/** c[m, n] = Σ_k a[m, k] · b[k, n]. The tile must divide the shape, and k must be a multiple of 4. */
export function matmulKernel(
  a: Float32Array,
  b: Float32Array,
  { m, k, n }: MatmulShape,
  tile: MatmulTile,
  lanes: number,
): RawKernel {
  const { rows, columns, sharing, workgroup } = tile;
  if (sharing === "uniform") return inParts(a, b, { m, k, n }, tile, lanes);
  if (m % rows || n % columns || k % 4 || columns % 4) throw new Error("the tile does not fit the shape");
  const across = n / columns;
  const shared = sharing === "subgroup";
  if (shared && (across % lanes || rows % lanes)) throw new Error("subgroups would straddle rows");
  const groupsX =
    sharing === "workgroup" ? Math.ceil(across / workgroup) : Math.ceil((across * m) / rows / workgroup);
  const wide = columns / 4;
  const at =
    sharing === "workgroup"
      ? `let column = (group.x * ${workgroup}u + local) * ${wide}u; let row = group.y * ${rows}u;
  if (column >= ${n / 4}u) { return; }`
      : `let thread = group.x * ${workgroup}u + local;
  let column = (thread % ${across}u) * ${wide}u; let row = (thread / ${across}u) * ${rows}u;
  ${((across * m) / rows) % workgroup ? `if (row >= ${m}u) { return; }` : ""}`;
  const loadA = shared
    ? range(rows / lanes).map((i) => `let own${i} = a[(row + lane + ${i * lanes}u) * ${k / 4}u + k];`)
    : range(rows).map((r) => `let a${r} = a[(row + ${r}u) * ${k / 4}u + k];`);
  const scalarOf = (r: number, part: string): string =>
    shared ? `subgroupBroadcast(own${Math.floor(r / lanes)}.${part}, ${r % lanes}u)` : `a${r}.${part}`;
  const loadB = range(4).flatMap((kk) =>
    range(wide).map((j) => `let b${kk}_${j} = b[(k * 4u + ${kk}u) * ${n / 4}u + column + ${j}u];`),
  );
  // Four products are summed before an accumulator is touched: it is in memory where registers are few.
  const sums = range(rows).flatMap((r) => [
    ...["x", "y", "z", "w"].map((part, kk) => `let s${kk}_${r} = ${scalarOf(r, part)};`),
    ...range(wide).map(
      (j) =>
        `acc${r}_${j} += ${range(4)
          .map((kk) => `s${kk}_${r} * b${kk}_${j}`)
          .join(" + ")};`,
    ),
  ]);
  const wgsl = `${shared ? "enable subgroups;" : ""}
@group(0) @binding(0) var<storage, read> a: array<vec4f, ${(m * k) / 4}>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, ${(k * n) / 4}>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f, ${(m * n) / 4}>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32
  ${shared ? ", @builtin(subgroup_invocation_id) lane: u32" : ""}) {
  ${at}
  ${lines(range(rows).flatMap((r) => range(wide).map((j) => `var acc${r}_${j} = vec4f();`)))}
  for (var k = 0u; k < ${k / 4}u; k++) {
    ${lines([...loadA, ...loadB, ...sums])}
  }
  ${lines(range(rows).flatMap((r) => range(wide).map((j) => `c[(row + ${r}u) * ${n / 4}u + column + ${j}u] = acc${r}_${j};`)))}
}`;
  const how = { none: "", workgroup: ", rows by workgroup", subgroup: ", subgroupBroadcast" }[sharing];
  return {
    name: `${rows}×${columns} vec4${how}`,
    wgsl,
    operands: [a, b],
    result: m * n,
    workgroups: [groupsX, sharing === "workgroup" ? m / rows : 1],
  };
}

/** The same for as many rows as a uniform buffer holds, again and again. */
function inParts(
  a: Float32Array,
  b: Float32Array,
  { m, k, n }: MatmulShape,
  tile: MatmulTile,
  lanes: number,
): RawKernel {
  const most = Math.min(m, Math.floor(UNIFORM_BYTES / (4 * k)));
  const rows = Array.from({ length: most + 1 }, (_, r) => r).findLast(
    (r) => r > 0 && m % r === 0 && r % tile.rows === 0,
  );
  if (rows === undefined) throw new Error("no row tile fits a uniform buffer");
  const one = matmulKernel(a, b, { m: rows, k, n }, { ...tile, sharing: "none" }, lanes);
  return {
    ...one,
    name: `${tile.rows}×${tile.columns} vec4, rows in uniform buffers`,
    wgsl: one.wgsl.replace("<storage, read> a:", "<uniform> a:"),
    result: m * n,
    parts: { count: m / rows, operand: 0 },
  };
}
