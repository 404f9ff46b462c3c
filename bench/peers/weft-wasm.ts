/** Weft in WebAssembly: one thread, as its peers. */
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { openWeft } from "./device.ts";
import { serve } from "./host.ts";

await serve(openWeft(() => wasmDevice({ threads: 1 })));
