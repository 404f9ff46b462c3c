/** What kind of PyTorch's files bytes are, and what is said of those that are not read. */
import { UserError } from "../../compiler/errors.ts";

/** Whether bytes begin as a zip archive does. */
export const isArchive = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

/** Whether bytes begin as a pickle does: files of PyTorch before 1.6, and of Python. */
export const isPickle = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 9) <= 5;

/** Python that writes what is read everywhere. */
const FIX = `in Python, with the model or its state_dict:
          from safetensors.torch import save_file
          save_file({k: v.contiguous() for k, v in model.state_dict().items()}, "state.safetensors")`;

/** The file is not read, for this reason. */
export function refused(shown: string, problem: string, rule: string): UserError {
  return new UserError({ problem: `${shown} cannot be read: ${problem}`, rule, fix: FIX });
}

/** A pickle that stands by itself. */
export const legacy = (shown: string): UserError =>
  refused(
    shown,
    "it is a pickle by itself",
    "of PyTorch's files those of torch.save since version 1.6 are read, which are archives",
  );
