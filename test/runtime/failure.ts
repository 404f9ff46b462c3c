import { expect } from "vitest";
import { WeftError } from "../../runtime/index.ts";

/** What the promise is rejected with; a failed test where it is not, or with anything but a `WeftError`. */
export const failure = (promise: Promise<unknown>): Promise<WeftError> =>
  promise.then(
    () => expect.fail("nothing was thrown"),
    (error) => {
      expect(error).toBeInstanceOf(WeftError);
      return error;
    },
  );
