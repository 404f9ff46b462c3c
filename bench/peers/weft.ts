/** Weft on WebGPU. */
import { openWeft } from "./device.ts";
import { serve } from "./host.ts";
import { openDevice } from "./webgpu.ts";

await serve(openWeft(openDevice));
