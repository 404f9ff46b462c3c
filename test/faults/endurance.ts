/** Runs of one session, one after another, and what they leave behind. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { load } from "../../runtime/index.ts";
import { usualDevice } from "../adapter.ts";
import { chain } from "../runtime/programs.ts";

export interface Endured {
  readonly seconds: number;
  /** GPU buffers that the runs made, after a few that bring everything into being. */
  readonly buffersMade: number;
  /** Buffers made and not destroyed once the session is destroyed. */
  readonly buffersAlive: number;
  /** Bytes of the process's resident memory, from a fifth of the way to the end. */
  readonly rssGrowth: number;
}

/** Throws where a result is wrong. `progress` is called a hundred times at most. */
export async function endurance(
  runs: number,
  progress: (done: number, rss: number) => void = () => {},
): Promise<Endured> {
  const { device } = await usualDevice();
  const create = device.createBuffer.bind(device);
  let [made, alive] = [0, 0];
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    made++;
    alive++;
    let gone = false;
    buffer.destroy = () => {
      if (!gone) alive--;
      gone = true;
      return destroy();
    };
    return buffer;
  };
  const session = await load(chain, { device });
  const x = new Float32Array(5);
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  /** Without garbage: what V8 has not collected yet says nothing about a leak. */
  const rss = (): number => {
    collect();
    return process.memoryUsage().rss;
  };
  let [before, settled] = [made, rss()];
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    x.fill(i);
    const { scaled } = await session.run({ x });
    if (scaled?.data[4] !== 2 * i) throw new Error(`run ${i} gave ${scaled?.data.join()}`);
    if (i === 2) before = made;
    if (i === Math.floor(runs / 5)) settled = rss();
    if (i % Math.ceil(runs / 100) === 0) progress(i, rss());
  }
  const seconds = (performance.now() - start) / 1000;
  const [buffersMade, rssGrowth] = [made - before, rss() - settled];
  session.destroy();
  await new Promise((later) => setTimeout(later));
  device.destroy();
  return { seconds, buffersMade, buffersAlive: alive, rssGrowth };
}
