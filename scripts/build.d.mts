export const entries: Readonly<Record<string, string>>;
/** Writes dist/*.js and returns their paths. Throws with esbuild's messages where a source does not build. */
export function buildJavaScript(): Promise<ReadonlySet<string>>;
