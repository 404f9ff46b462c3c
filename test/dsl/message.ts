import { UserError } from "../../compiler/errors.ts";

/** The message of the `UserError` that `body` throws. */
export function message(body: () => unknown): string {
  try {
    body();
  } catch (e) {
    if (e instanceof UserError) return e.message;
    throw e;
  }
  throw new Error("nothing was thrown");
}
