/**
 * Draws the sample pictures in models/samples: clothes as 28×28 grey silhouettes, bright on black like
 * Fashion-MNIST's, but drawn here from polygons and curves. No picture of a data set is in this repository.
 *
 *   node scripts/run.mjs scripts/draw-samples.ts [folder]
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

/** One filled outline: an SVG path on a 28×28 grid, and its brightness from 0 to 255. */
interface Patch {
  readonly path: string;
  readonly grey: number;
}

const patch = (grey: number, path: string): Patch => ({ path, grey });

const DRAWINGS: Readonly<Record<string, readonly Patch[]>> = {
  "t-shirt": [
    patch(150, "M9 3 L4 5 L1 11 L5 13 L7.5 10 L8 26 L20 26 L20.5 10 L23 13 L27 11 L24 5 L19 3 Q14 6.5 9 3 Z"),
    patch(190, "M9.5 8 L18.5 8 L18.5 25 L9.5 25 Z"),
    patch(120, "M9 3 Q14 8 19 3 L18 2.6 Q14 5.6 10 2.6 Z"),
  ],
  trouser: [
    patch(180, "M9 1 L19 1 L20.5 27 L15.5 27 L14 9 L12.5 27 L7.5 27 Z"),
    patch(140, "M9 1 L19 1 L19.2 3 L8.8 3 Z"),
    patch(215, "M10 4 L12.5 4 L11.5 26 L9 26 Z"),
    patch(215, "M15.5 4 L18 4 L19 26 L16.5 26 Z"),
  ],
  pullover: [
    patch(
      215,
      "M10.5 1 L6.5 2.5 L4 6 L2 18 L1.5 26 L5.5 26.5 L7.5 17 L7.5 27 L20.5 27 L20.5 17 L22.5 26.5 L26.5 26 L26 18 L24 6 L21.5 2.5 L17.5 1 Q14 2 10.5 1 Z",
    ),
    patch(235, "M8.5 5 L19.5 5 L19.5 25 L8.5 25 Z"),
    patch(190, "M7.5 25 L20.5 25 L20.5 27 L7.5 27 Z"),
  ],
  dress: [
    patch(
      185,
      "M11 1 L12 4 Q14 5.5 16 4 L17 1 L18.5 2 L17.5 9 L17 12 L20.5 27 L7.5 27 L11 12 L10.5 9 L9.5 2 Z",
    ),
    patch(220, "M12.5 6 L15.5 6 L17 26 L11 26 Z"),
    patch(130, "M10.9 11.3 L17.1 11.3 L17.2 12.8 L10.8 12.8 Z"),
  ],
  sneaker: [
    patch(150, "M1 17 Q2 15.5 6 15 L13 11 Q15 9.5 17 11.5 Q20 13.5 25 11 L27 12 L27 19.5 L1 19.5 Z"),
    patch(230, "M1 18.6 L27 18.6 L27 20.5 L1 20.5 Z"),
    patch(210, "M9 13.5 L14 11 L16 14 L11 16.5 Z"),
    patch(200, "M22 12.6 L26.5 12 L26.5 17 L22 17 Z"),
  ],
  boot: [
    patch(170, "M13 2 L24 2 L25 13 L25.5 24 L1.5 24 Q1 19 6 17.5 Q12 15.5 13 9 Z"),
    patch(210, "M15 3 L20 3 L20 17 L9 20 L12 17 Q15 13 15 3 Z"),
    patch(110, "M1.5 23 L14 23 L14 25.5 L1.5 25.5 Z M18 23 L25.5 23 L25.5 27 L18 27 Z"),
  ],
  bag: [
    patch(130, "M8 10 Q8 2.5 14 2.5 Q20 2.5 20 10 L18 10 Q18 4.5 14 4.5 Q10 4.5 10 10 Z"),
    patch(175, "M3 9.5 L25 9.5 L27 25 L1 25 Z"),
    patch(205, "M4 11 L24 11 L24.6 16 L3.4 16 Z"),
    patch(90, "M12.6 15 L15.4 15 L15.4 18 L12.6 18 Z"),
  ],
  sandal: [
    patch(140, "M1 19 L20 17.5 Q25 17 27 12 L27 15 L25.5 21 L23.5 21 L23 18.8 L1.5 21 Z"),
    patch(190, "M5 18.5 Q8 13 11 13.5 L12.5 17.5 L10.8 17.8 L10 15.2 Q8.5 15.5 7 18.6 Z"),
    patch(200, "M16 17.6 Q19 9 24.5 8 L25.5 12 L24 14 L23.5 10.2 Q20 11.5 18 17.4 Z"),
  ],
};

function svg(patches: readonly Patch[]): string {
  const shapes = patches.map(({ path, grey }) => `<path d="${path}" fill="rgb(${grey},${grey},${grey})"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28" viewBox="0 0 28 28"><rect width="28" height="28"/>${shapes.join("")}</svg>`;
}

const folder = process.argv[2] ?? "models/samples";
mkdirSync(folder, { recursive: true });
for (const [name, patches] of Object.entries(DRAWINGS)) {
  // Drawn large and averaged down, so that edges are soft.
  const large = await sharp(Buffer.from(svg(patches)), { density: 72 * 8 })
    .png()
    .toBuffer();
  await sharp(large)
    .resize(28, 28, { kernel: "lanczos3" })
    .flatten({ background: "#000" })
    .toColourspace("b-w")
    .png({ compressionLevel: 9, palette: false })
    .toFile(join(folder, `${name}.png`));
}
console.log(`${Object.keys(DRAWINGS).length} pictures in ${folder}`);
