/** Step back, play, step forward. Nothing moves before it is asked to. */
import { h } from "../../../dom.ts";
import type { Scene } from "../scene.ts";

const BEAT_MS = 900;

export interface Player {
  readonly element: HTMLElement;
  readonly playing: boolean;
  readonly at: number;
  /** Goes to a step, clamped, and stops playing unless it is the player itself that moves. */
  go(step: number): void;
  /** How many steps there are now. */
  draw(count: number): void;
}

export function player(scene: Scene, moved: (step: number) => void): Player {
  let step = 0;
  let count = 1;
  let timer: ReturnType<typeof setInterval> | undefined;
  const back = h("button", { type: "button", class: "icon", onclick: () => go(step - 1) }, "‹");
  const on = h("button", { type: "button", class: "icon", onclick: () => go(step + 1) }, "›");
  const play = h("button", { type: "button", class: "play", onclick: () => (timer ? stop() : start()) });
  const place = h("span", { class: "place" });
  const element = h("div", { class: "player", attrs: { role: "group" } }, back, play, on, place);

  const write = (): void => {
    const l = scene.studio.language.value;
    element.ariaLabel = l === "en" ? "The window" : "窗口";
    back.ariaLabel = l === "en" ? "One step back" : "后退一步";
    on.ariaLabel = l === "en" ? "One step on" : "前进一步";
    play.textContent = timer ? (l === "en" ? "❚❚ Pause" : "❚❚ 暂停") : l === "en" ? "▶ Play" : "▶ 播放";
    place.textContent = count === 0 ? "–" : `${step + 1} / ${count}`;
    back.disabled = step <= 0;
    on.disabled = step >= count - 1;
    play.disabled = count < 2;
  };
  const move = (next: number): void => {
    const to = Math.min(Math.max(next, 0), Math.max(0, count - 1));
    const changed = to !== step;
    step = to;
    write();
    if (changed) moved(step);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    write();
  };
  const start = (): void => {
    if (step >= count - 1) move(0);
    timer = setInterval(() => {
      move(step + 1);
      if (step >= count - 1) stop();
    }, BEAT_MS);
    write();
  };
  const go = (next: number): void => {
    stop();
    move(next);
  };
  scene.speak(write);
  scene.atEnd(() => clearInterval(timer));
  return {
    element,
    get playing() {
      return timer !== undefined;
    },
    get at() {
      return step;
    },
    go,
    draw(next) {
      count = next;
      if (step > count - 1) step = Math.max(0, count - 1);
      if (timer && count < 2) stop();
      write();
    },
  };
}
