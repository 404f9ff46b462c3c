#!/usr/bin/env node
/** The entry of the `weft` process. */
import { hush, isHushed, wantsHush } from "./hush.ts";

// `weft shapes … | head` closes the pipe early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const args = process.argv.slice(2);
const code = await (!isHushed() && wantsHush(args) ? hush(args) : (await import("./weft.ts")).weft(args));
// A WebGPU device may keep the process alive: leave as soon as the output is written.
process.stdout.write("", () => process.exit(code));
