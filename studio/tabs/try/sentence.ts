/** A message as a sentence of its own: it begins with a capital. */
export const sentence = (message: string): string => message.charAt(0).toUpperCase() + message.slice(1);
