/** Weft on WebGPU. */
import { openWeft } from "./device.ts";
import { openDevice, serve } from "./host.ts";

await serve(openWeft(openDevice));
