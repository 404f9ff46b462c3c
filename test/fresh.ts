/** A file's tests begin as in a process of their own: layers without a model, left by the files before, are not counted. */
import { startNames } from "../compiler/dsl/build.ts";
import { mapStacksOnce } from "./stacks.ts";

startNames();
mapStacksOnce();
