// Writes train.csv and new.csv: points on three arms of a spiral. Put your own tables in their place.
import { writeFileSync } from "node:fs";

const ARMS = ["red", "green", "blue"];

/** Numbers in 0 … 1 that are the same in every run (Mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

function table(count, seed) {
  const random = generator(seed);
  const rows = Array.from({ length: count }, () => {
    const arm = Math.floor(ARMS.length * random());
    const along = random();
    const angle = 2 * Math.PI * (arm / ARMS.length + 0.7 * along) + 0.25 * (random() - 0.5);
    return [along * Math.cos(angle), along * Math.sin(angle), ARMS[arm]];
  });
  return `${[["x", "y", "arm"], ...rows].map((row) => row.join(",")).join("\n")}\n`;
}

writeFileSync("train.csv", table(600, 1));
writeFileSync("new.csv", table(300, 2));
console.log("train.csv has 600 points, new.csv 300");
