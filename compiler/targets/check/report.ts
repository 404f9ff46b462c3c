/** Findings in words, with the line of the kernel. */
import type { KernelModule } from "../../ir/stmt.ts";
import { printModule } from "../wgsl/print.ts";
import type { Finding } from "./run.ts";

/** What a finding says, and the line of the kernel's text that it is about. `names` are those of the bindings. */
export function describeFinding(module: KernelModule, names: readonly string[], finding: Finding): string {
  const { wgsl, lines } = printModule(module, names);
  const line = lines.get(finding.statement) ?? 0;
  const text = wgsl.split("\n")[line - 1]?.trim() ?? "";
  return `line ${line}: ${wordsOf(finding, module, names)}\n  ${text}`;
}

function wordsOf(
  { what, memory, element, thread }: Finding,
  { bindings }: KernelModule,
  names: readonly string[],
): string {
  const array = memory ? (names[bindings.indexOf(memory)] ?? memory.stem) : "";
  const at = `${array}[${element}]`;
  switch (what) {
    case "outside":
      return `thread ${thread} uses ${at}, which is outside of ${array}`;
    case "race":
      return `thread ${thread} uses ${at}, which another thread writes before they meet`;
    case "unwritten":
      return `thread ${thread} uses ${at}, which nobody wrote`;
    case "barrier":
      return `thread ${thread} is missing at a barrier`;
    case "quad":
      return `thread ${thread} asks a thread of its quad that is not there`;
  }
}
