/** Arguments that have to be there, looked at as options are. */
import { WeftError } from "../../contract/errors.ts";
import { checkOptions, type Rule } from "../options.ts";

/** As `checkOptions`, and none may be missing. */
export function checkAll(where: string, given: object, rules: Readonly<Record<string, Rule>>): void {
  checkOptions(where, given, rules);
  for (const [key, [text]] of Object.entries(rules))
    if (Reflect.get(given, key) === undefined)
      throw new WeftError("input", `${where}: ${key} is missing; it has to be ${text}`);
}
