/** The part that onnxruntime's packages share: a session on a row's ONNX file. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runner, Task } from "./task.ts";

export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export async function openOnnx(
  ort: Ort,
  options: InferenceSession.SessionOptions,
  { inputs, kind, bytes }: Task,
): Promise<Runner> {
  if (kind === "train") throw new Error("onnxruntime's packages for JavaScript do not train");
  const session = await ort.InferenceSession.create(await bytes("model.onnx"), {
    ...options,
    logSeverityLevel: 3,
  });
  return {
    async run(times) {
      let last = new Float32Array();
      for (let i = 0; i < times; i++) {
        const feeds = Object.fromEntries(
          Object.entries(inputs).map(([name, { shape, data }]) => [
            name,
            new ort.Tensor("float32", data as Float32Array, shape), // f32 in all rows
          ]),
        );
        const [output] = Object.values(await session.run(feeds));
        last = (await output?.getData()) as Float32Array<ArrayBuffer>; // as above
      }
      return last;
    },
  };
}
