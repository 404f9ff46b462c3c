/** Times the kernels of the model on the page's device. */

import { WeftError } from "../../../contract/errors.ts";
import { initialise } from "../../../runtime/initialise.ts";
import { clockOf } from "../../../runtime/node/clock.ts";
import { profileProgram } from "../../../runtime/node/profile.ts";
import { h } from "../../dom.ts";
import { messageOf } from "../../message.ts";
import type { State } from "./state.ts";
import { milliseconds } from "./text.ts";

const batches = [1, 16, 64, 256];
const warmup = 2;
const runs = 9;

export interface Meter {
  readonly tools: readonly HTMLElement[];
  /** What went wrong, or the whole run's time. */
  readonly status: HTMLElement;
}

export function meter(state: State): Meter {
  let batch = 1;
  let busy = false;
  const select = h(
    "select",
    {
      id: "batch",
      onchange: () => {
        batch = Number(select.value);
      },
    },
    ...batches.map((n) => h("option", { value: `${n}` }, `N = ${n}`)),
  );
  const button = h("button", { type: "button", id: "measure", onclick: () => void run() });
  const status = h("p", { class: "measured", attrs: { role: "status" } });
  const draw = (): void => {
    button.textContent = state.say(busy ? "measuring" : "measure");
    button.disabled = busy;
    select.setAttribute("aria-label", state.say("batch"));
  };
  state.speak(draw);
  state.watch(state.view, () => {
    status.textContent = ""; // it was another model's
  });
  const run = async (): Promise<void> => {
    const { model } = state.studio;
    const view = state.view.value;
    if (!model.value || !view || busy) return;
    busy = true;
    draw();
    status.textContent = "";
    try {
      const device = await state.studio.device();
      if (state.studio.target.value === "wasm")
        throw new WeftError("no-device", "timing kernels needs WebGPU, which is not to be had here");
      // The kernels that are shown are those of any batch.
      const { ranges: _, ...program } = model.value.compilation.program;
      const values = program.params.map((p) => initialise(p, 0));
      const measured = await profileProgram(program, {
        device,
        clock: clockOf(device),
        values,
        batch,
        warmup,
        runs,
      });
      const each = program.dispatches.map((_, i) => median(measured.times.map((t) => t[i] ?? 0)) / 1e6);
      state.times.set({ each, batch, view });
      const whole = milliseconds(median(measured.whole) / 1e6);
      status.textContent = `${whole} ${state.say("total")}, N = ${batch}`;
    } catch (error) {
      status.textContent = messageOf(error);
    } finally {
      busy = false;
      draw();
    }
  };
  return { tools: [select, button], status };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
