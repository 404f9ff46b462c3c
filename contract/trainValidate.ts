/** Trainings that come from outside, checked before anything of them reaches the GPU. */
import { Field } from "./fields.ts";
import { FIGURES, type Result, type TrainedLoss, type Training } from "./training.ts";
import { checkProgram, checkSame } from "./validate.ts";

const KINDS: readonly TrainedLoss["loss"]["kind"][] = [
  "crossEntropy",
  "binaryCrossEntropy",
  "squaredError",
  "absoluteError",
  "huber",
  "own",
];
const ROLES: readonly Result[0][] = ["activations", "input", "loss", "gradients", "norm", "update"];

/** What `validateProgram` is for programs: checks the settings and both programs. Throws `WeftError` "program". */
export function validateTraining(value: unknown): Training {
  const training = new Field(value);
  checkTraining(training);
  const wasm = training.find("wasm");
  if (!wasm) return value as Training; // as checked
  if (wasm.find("wasm")) wasm.get("wasm").fail("the training itself is for WebAssembly");
  checkTraining(wasm);
  for (const key of ["step", "evaluate"]) {
    const form = wasm.get(key);
    if (training.get(key).find("module")) wasm.fail("the training itself is for WebAssembly");
    if (!form.find("module")) form.fail("it has no module");
    checkSame(training.get(key), form);
  }
  for (const key of ["name", "losses", "optimizer", "reduction", "clip", "accumulate"])
    if (JSON.stringify(training.get(key).value) !== JSON.stringify(wasm.get(key).value))
      wasm.get(key).fail("it has to be that of the training");
  return value as Training; // as checked
}

function checkTraining(training: Field): void {
  training.get("name").text();
  checkOptimizer(training.get("optimizer"));
  training.find("reduction")?.oneOf(["sum"]);
  const clip = training.find("clip");
  if (clip) {
    const bounds = ["norm", "value"].flatMap((key) => clip.find(key) ?? []);
    if (bounds.length !== 1) clip.fail("it has to hold either norm or value");
    for (const bound of bounds) if (bound.number() <= 0) bound.fail("it has to be above 0");
  }
  training.find("accumulate")?.whole(2);
  const losses = training.get("losses").list(1);
  const programs = [training.get("step"), training.get("evaluate")];
  for (const program of programs) {
    checkProgram(program, 0);
    const inputs = program.get("inputs").list(1);
    const names = inputs.map((input) => input.get("name").text());
    for (const loss of losses) checkLoss(loss, names);
    const [last] = inputs.slice(-1) as [Field]; // one at least
    const drawn = inputs.some((input) => input.find("storage"));
    if (drawn && (last.find("storage") || last.get("dtype").value !== "u32" || inputs.length < 2))
      last.fail("where inputs are data sets, the last one is the rows that are the batch, of type u32");
    const params = program.get("params");
    const metrics = params.list().filter((p) => p.find("use")?.value === "metrics");
    for (const param of params.list()) param.find("storage")?.fail("what is trained is stored as it is");
    if (metrics.length !== 1) params.fail('exactly one has to have the use "metrics"');
    const figures = FIGURES * losses.length;
    if (`${metrics[0]?.get("shape").value}` !== `${figures}`)
      metrics[0]?.fail(`its shape has to be [${figures}], ${FIGURES} for each loss`);
  }
  checkResults(training);
  const [step, evaluate] = programs.map((p) => p.get("params").list()) as [Field[], Field[]];
  const known = new Map(step.map((p) => [p.get("name").text(), `${p.get("shape").value}`]));
  for (const param of evaluate)
    if (known.get(param.get("name").text()) !== `${param.get("shape").value}`)
      param.fail("step.params has none of this name and shape");
}

function checkLoss(loss: Field, inputs: readonly string[]): void {
  loss.get("name").text();
  loss.get("loss").get("kind").oneOf(KINDS);
  if (loss.get("weight").number() <= 0) loss.get("weight").fail("it has to be above 0");
  for (const target of loss.get("targets").list()) target.oneOf(inputs);
  loss.find("classes")?.whole(1);
}

/** One of each tensor that a dispatch writes. */
function checkResults(training: Field): void {
  const step = training.get("step");
  const written = step
    .get("kernels")
    .list()
    .map(
      (k) =>
        k
          .get("bindings")
          .list()
          .filter((b) => b.get("access").value === "read_write").length,
    );
  const dispatches = step.get("dispatches").list();
  const results = training.get("results").list(dispatches.length, dispatches.length);
  for (const [i, dispatch] of dispatches.entries()) {
    const count = written[dispatch.get("kernel").whole()] as number; // checked as a program
    for (const result of results[i]?.list(count, count) ?? []) {
      const [role, ...names] = result.list(2);
      role?.oneOf(ROLES);
      for (const name of names) name.text();
    }
  }
}

function checkOptimizer(optimizer: Field): void {
  const kind = optimizer.get("kind").oneOf(["sgd", "adam"]);
  const numbers = kind === "sgd" ? ["lr", "momentum", "weightDecay"] : ["lr", "eps", "weightDecay"];
  for (const key of numbers) optimizer.get(key).number();
  if (kind === "sgd") optimizer.get("nesterov").flag();
  else for (const beta of optimizer.get("betas").list(2, 2)) beta.number();
}
