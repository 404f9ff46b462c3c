/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): two random
 * 32-bit words for every (key, counter). There is no state, so a stream depends on nothing but its key.
 */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): number[] {
  const keys = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  let x = counter0 + key0;
  let y = counter1 + key1;
  for (let group = 0; group < 5; ) {
    for (const r of group++ % 2 ? [17, 29, 16, 24] : [13, 15, 26, 6]) {
      x = (x + y) | 0;
      y = ((y << r) | (y >>> (32 - r))) ^ x;
    }
    x += keys[group % 3] as number;
    y += (keys[(group + 1) % 3] as number) + group;
  }
  return [x >>> 0, y >>> 0];
}
