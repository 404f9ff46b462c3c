/** Remarks on a model, as notes: `remark: fc1 (model.ts:7:15): problem`, its rule and what to try. */
import type { Remark } from "../../compiler/compile.ts";
import { formatDiagnosis } from "../../compiler/errors.ts";
import type { Ui } from "../ui.ts";

export function noteRemarks(remarks: readonly Remark[], ui: Ui): void {
  for (const remark of remarks) ui.note(`remark: ${formatDiagnosis(remark)}`);
}
