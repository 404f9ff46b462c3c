/** `--no-tune`, of every command that runs a model. */
import { Option } from "commander";

export function noTuneOption(): Option {
  return new Option("--no-tune", "do not use the schedules that weft tune wrote beside the model");
}
