/** Builds the studio into a folder (default: dist/studio), which works on any static server, with LeNet in it. Returns the folder. */
export function buildStudio(out?: string): Promise<string>;
/** dist/studio, built anew where something that it is made of is newer. Returns the folder. */
export function freshStudio(): Promise<string>;
