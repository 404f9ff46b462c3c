// What the bundles export, for the type check before they are built. `weft compile` writes the like beside each.
type TextSession = import("weftgpu/esbuild").CompiledSession<{ x: unknown }, { [output: string]: unknown }>;

declare module "*/detect.bundle.js" {
  export function load(weights: ArrayBuffer, device: string): Promise<TextSession>;
}
declare module "*/read.bundle.js" {
  export function load(weights: ArrayBuffer, device: string): Promise<TextSession>;
}
