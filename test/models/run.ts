/**
 * The published models on whole pictures, each once through Weft and once through onnxruntime:
 * `npm run models`, or `npm run models -- vgg11 vit`. They are compiled for this adapter, for one picture at a time, as
 * `weft run` does. The exit code is 1 if one is more than 1e-4 off.
 */
import { targetFor } from "../../compiler/compile.ts";
import { closeDevice, device } from "../oracle/weft.ts";
import { subjects } from "./models.ts";
import { compareWithOnnx } from "./onnx.ts";

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !subjects.some((s) => s.name === name));
if (unknown !== undefined) {
  console.error(`no model "${unknown}": there are ${subjects.map((s) => s.name).join(", ")}`);
  process.exit(1);
}
const options = { target: targetFor(await device()), typicalBatch: 1 };
let failures = 0;
const ms = (time: number): string => `${time.toFixed(0)} ms`.padStart(9);
console.log("model           error   compile  load+run  onnxruntime  kernels  dispatches");
for (const { name, graph } of subjects) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { error, compileTime, weftTime, onnxTime, compilation } = await compareWithOnnx(graph, options);
  const { kernels, dispatches } = compilation.program;
  const counts = `${`${kernels.length}`.padStart(9)}${`${dispatches.length}`.padStart(12)}`;
  console.log(
    `${name.padEnd(14)}${error.toExponential(1).padStart(7)} ${ms(compileTime)} ${ms(weftTime)}    ${ms(onnxTime)}${counts}`,
  );
  if (!(error <= 1e-4)) failures++;
}
await closeDevice();
process.exitCode = failures > 0 ? 1 : 0;
