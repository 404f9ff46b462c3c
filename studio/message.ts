/** What an error says to whoever looks at the page: its message, without the runtime's advice to programs. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/; reload\(\) takes a new one$/, "");
}

/** A message as a sentence of its own: it begins with a capital, unless with a name, such as `conv1's` or `t10k-…`. */
export const sentence = (message: string): string =>
  /^[a-z]+ /.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message;
