#!/usr/bin/env node
/** The entry of the `weft` process. */
import { hushed, isHushed } from "./hush.ts";
import { weft } from "./weft.ts";

// `weft shapes … | head` closes the pipe early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const args = process.argv.slice(2);
const code = await weft(args, isHushed() ? undefined : hushed(args));
// A WebGPU device may keep the process alive: leave as soon as the output is written.
process.stdout.write("", () => process.exit(code));
