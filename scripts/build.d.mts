export const entries: Readonly<Record<string, string>>;
/** Writes dist/*.js. Throws with esbuild's messages where a source does not build. */
export function buildJavaScript(): Promise<void>;
/** Writes dist/types. */
export function buildTypes(): void;
