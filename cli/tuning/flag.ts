/** `--no-tune` and `--precision`, of every command that runs a model. */
import { Option } from "commander";

export function noTuneOption(): Option {
  return new Option("--no-tune", "do not use the schedules that weft tune wrote beside the model");
}

export function precisionOption(): Option {
  return new Option(
    "--precision <type>",
    'f16: weights and what lies between kernels in 16 bits, sums in 32; for adapters with "shader-f16"',
  )
    .choices(["f32", "f16"])
    .default("f32");
}
