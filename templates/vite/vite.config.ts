import { defineConfig } from "vite";
import { weft } from "weftgpu/vite";

export default defineConfig({
  base: "./", // the build may lie in any folder of a site
  appType: "mpa", // what is not there is not there, and no page instead
  build: { target: "es2022" },
  plugins: [weft({ wasm: true })], // compiles what is imported from *.model.ts
});
