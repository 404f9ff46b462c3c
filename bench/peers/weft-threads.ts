/** Weft in WebAssembly: a worker for each core. */
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { openWeft } from "./device.ts";
import { serve } from "./host.ts";

await serve(openWeft(() => wasmDevice({ threads: "auto" })));
