/**
 * Every layer of a model keeps the stack of the line that made it, without a message. Vitest maps the frames of stacks to the
 * sources one by one, for which a random model takes longer than for anything else of it: here equal stacks are mapped once.
 */
type Prepare = NonNullable<typeof Error.prepareStackTrace>;

const mapped = new Map<string, unknown>();
const wrappers = new WeakSet<Prepare>();

const keyOf = (stack: readonly NodeJS.CallSite[]): string =>
  stack.map((f) => `${f.getFunctionName()} ${f.getScriptNameOrSourceURL()} ${f.getPosition()}`).join("\n");

export function mapStacksOnce(): void {
  const prepare = Error.prepareStackTrace;
  if (!prepare || wrappers.has(prepare)) return;
  const once: Prepare = (error, stack) => {
    if (error.name !== "Error" || error.message !== "") return prepare(error, stack);
    const key = keyOf(stack);
    if (!mapped.has(key)) mapped.set(key, prepare(error, stack));
    return mapped.get(key);
  };
  wrappers.add(once);
  Error.prepareStackTrace = once;
}
