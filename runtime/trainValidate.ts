/** Trainings that come from outside, checked before anything of them reaches the GPU. */
import type { LossName, Training } from "../compiler/ir/training.ts";
import { Field } from "./fields.ts";
import { checkProgram } from "./validate.ts";

const LOSSES: readonly LossName[] = ["crossEntropy", "squaredError", "binaryCrossEntropy"];

/** What `validateProgram` is for programs: checks the settings and both programs. Throws `WeftError` "program". */
export function validateTraining(value: unknown): Training {
  const training = new Field(value);
  training.get("name").text();
  const loss = training.get("loss").oneOf(LOSSES);
  checkOptimizer(training.get("optimizer"));
  training.find("reduction")?.oneOf(["sum"]);
  const clip = training.find("clip");
  if (clip) {
    const bounds = ["norm", "value"].flatMap((key) => clip.find(key) ?? []);
    if (bounds.length !== 1) clip.fail("it has to hold either norm or value");
    for (const bound of bounds) if (bound.number() <= 0) bound.fail("it has to be above 0");
  }
  const bytes = training.get("bytes").flag();
  if (loss === "crossEntropy") training.find("classes")?.whole(1);
  const programs = [training.get("step"), training.get("evaluate")];
  for (const program of programs) {
    checkProgram(program, 0);
    const inputs = program.get("inputs").list(2, 2);
    // Targets of losses that take no class numbers are numbers.
    for (const input of loss === "crossEntropy" ? inputs : inputs.slice(0, 1))
      if ((input.find("storage") !== undefined) !== bytes)
        input.fail(`its storage does not go with bytes: ${bytes}`);
    const params = program.get("params");
    const metrics = params.list().filter((p) => p.find("use")?.value === "metrics");
    if (metrics.length !== 1) params.fail('exactly one has to have the use "metrics"');
  }
  const [step, evaluate] = programs.map((p) => p.get("params").list()) as [Field[], Field[]];
  const known = new Map(step.map((p) => [p.get("name").text(), `${p.get("shape").value}`]));
  for (const param of evaluate)
    if (known.get(param.get("name").text()) !== `${param.get("shape").value}`)
      param.fail("step.params has none of this name and shape");
  return value as Training; // as checked
}

function checkOptimizer(optimizer: Field): void {
  const kind = optimizer.get("kind").oneOf(["sgd", "adam"]);
  const numbers = kind === "sgd" ? ["lr", "momentum", "weightDecay"] : ["lr", "eps", "weightDecay"];
  for (const key of numbers) optimizer.get(key).number();
  if (kind === "sgd") optimizer.get("nesterov").flag();
  else for (const beta of optimizer.get("betas").list(2, 2)) beta.number();
}
