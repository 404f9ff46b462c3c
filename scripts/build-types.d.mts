/** Writes dist/types where the sources have changed since. Throws where a declaration cannot be written. */
export function freshTypes(): void;
