/** A file's tests begin as in a process of their own: layers without a model, left by the files before, are not counted. */
import { setFlagsFromString } from "node:v8";
import { startNames } from "../compiler/dsl/build.ts";
import { mapStacksOnce } from "./stacks.ts";

// Most code of a test runs a few times: optimising it as soon as V8 does by default took a tenth of the suite's time.
setFlagsFromString("--interrupt-budget=1000000");

startNames();
mapStacksOnce();
