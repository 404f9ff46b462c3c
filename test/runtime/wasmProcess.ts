/** A process that computes on workers, and does nothing to end. */
import { load } from "../../runtime/index.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { wasmAddition } from "./wasmModules.ts";

const device = await wasmDevice({ threads: 2 });
const session = await load(wasmAddition(1e8), { device });
const data = Float32Array.of(1, 2, 3);
const { sum } = await session.run({ a: data, b: data });
console.log(`${sum?.data}`);
