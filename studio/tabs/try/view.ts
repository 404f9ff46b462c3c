/** The Try tab for one model in one language: a picture in, layers and scores out. */

import { compile } from "../../../compiler/compile.ts";
import { rowOf } from "../../../compiler/ir/graph.ts";
import { WeftError } from "../../../contract/errors.ts";
import { showShape } from "../../../contract/type.ts";
import type { Weights } from "../../../contract/weights.ts";
import { type Scores, scoresOf, sharesOf } from "../../../data/scores.ts";
import { fill, h } from "../../dom.ts";
import { listenForFiles } from "../../files.ts";
import { messageOf, sentence } from "../../message.ts";
import type { Studio } from "../../tab.ts";
import { dark } from "../../theme.ts";
import type { CompiledModel } from "../../workbench.ts";
import { type Engine, startEngine } from "./engine.ts";
import { layerList } from "./layerList.ts";
import { type Layer, layersOf, openAtFirst, parameterCount, resultName } from "./layers.ts";
import type { PictureInput } from "./picture.ts";
import { type Kept, pictureCard } from "./pictureCard.ts";
import { readout } from "./readout.ts";
import { scoresCard } from "./scoresCard.ts";
import type { Text } from "./text.ts";
import { type Drawn, misfit, openWeights, originOf } from "./weights.ts";

/** What outlives the tab's being left. */
export interface Memory {
  kept: Kept | undefined;
  perMap: boolean;
  /** Layers that were opened or closed by hand, by model and name. */
  readonly toggled: Map<string, boolean>;
  readonly drawn: Drawn;
  /** Files of big models that their user has asked to compute. */
  readonly allowed: Set<string>;
}

/** Models with more parameters are computed when their user asks for it. */
const BIG = 10_000_000;

export function showTry(
  host: HTMLElement,
  studio: Studio,
  model: CompiledModel,
  input: PictureInput,
  memory: Memory,
  text: Text,
): () => void {
  const { graph } = model;
  const layers = layersOf(graph);
  const first = openAtFirst(layers);
  const output = graph.outputs[0];
  const numbers = output && rowOf(output.node);
  const parameters = parameterCount(graph);
  const key = (layer: Layer): string => `${model.file}\n${layer.name}`;

  let alive = true;
  let engine: Engine | undefined;
  let allowed = parameters <= BIG || memory.allowed.has(model.file);
  let losses = 0;
  let wantsEngine = true;
  let wantsRun = true;
  let busy = false;

  const status = h("p", { class: "quiet-text small status", attrs: { role: "status" } }, text.waiting);
  const problem = h("div", { class: "problem" });
  /** Why weights that were opened last are not used. */
  const refusal = h("div", { class: "problem" });
  const about = h("div", { class: "about", hidden: parameters === 0 });
  const perMap = h("select", {
    id: "try-scale",
    onchange() {
      memory.perMap = perMap.value === "map";
      list.redraw(dark.value, memory.perMap);
    },
  });
  perMap.append(new Option(text.perLayer, "layer"), new Option(text.perMap, "map"));
  perMap.value = memory.perMap ? "map" : "layer";

  const changed = (): void => {
    wantsRun = true;
    void pump();
  };
  const openFiles = async (files: readonly File[]): Promise<void> => {
    fill(refusal);
    for (const file of files) {
      if (!file.name.endsWith(".safetensors")) await card.takePicture(file);
      else
        try {
          const weights = openWeights(await file.arrayBuffer(), file.name);
          const why = misfit(engine?.params ?? compile(graph).program.params, weights);
          if (why === undefined) studio.weights.set(weights);
          else
            fill(
              refusal,
              h("div", { class: "note bad", attrs: { role: "alert" } }, text.refused(file.name, why)),
            );
        } catch (error) {
          complain(error);
        }
    }
  };
  let scored: Scores | undefined;
  let ignored: string | undefined;
  /** What the model answers when it has these weights. */
  const expect = (weights: Weights | null): void => {
    ignored = undefined;
    const found = scoresOf(graph, {
      metadata: weights ? originOf(weights)?.metadata : undefined,
      ignored(why) {
        ignored = why;
      },
    });
    scored = found.get(output?.name ?? "");
    if (scored) scores.expect(scored.names ?? Array.from({ length: scored.count }, () => ""));
    else if (numbers !== undefined) scores.expectNumbers(numbers);
    else scores.without(text.noScores(showShape(output?.node.type.shape ?? [])));
  };
  const given = studio.weights.value;
  const card = pictureCard({
    frame: input.frame,
    samples: (given && originOf(given)?.samples) ?? studio.project.samples,
    text,
    kept: memory.kept,
    changed,
    openFiles,
  });
  const scores = scoresCard(text, about);
  const line = readout(graph, card, text);
  const list = layerList({
    layers,
    isOpen: (layer) => memory.toggled.get(key(layer)) ?? first.has(layer.name),
    text,
    toggled(layer, open) {
      memory.toggled.set(key(layer), open);
      if (open) restart();
    },
    pointed: (at) => line.point(at),
  });

  const complain = (error: unknown): void => {
    const again = h("button", { type: "button", textContent: text.retry, onclick: () => restart() });
    const message = sentence(messageOf(error));
    fill(problem, h("div", { class: "note bad", attrs: { role: "alert" } }, message, h("div", {}, again)));
    status.textContent = "\u00a0";
  };
  const restart = (): void => {
    wantsEngine = true;
    void pump();
  };
  /** Builds and runs what is wanted, one after the other: what comes meanwhile is done last, and once. */
  const pump = async (): Promise<void> => {
    if (busy || !alive) return;
    if (!allowed) return ask();
    busy = true;
    try {
      while (alive && (wantsEngine || wantsRun)) {
        if (wantsEngine) await build();
        else await run();
      }
    } catch (error) {
      wantsEngine = wantsRun = false;
      engine?.destroy();
      engine = undefined;
      if (alive) complain(error);
    } finally {
      busy = false;
      if (!alive) engine?.destroy();
    }
  };
  const build = async (): Promise<void> => {
    fill(problem);
    const device = await studio.device();
    wantsEngine = false; // only now: a first device changes the target
    wantsRun = true;
    const say = async (words: string): Promise<void> => {
      status.textContent = words;
      await new Promise(requestAnimationFrame);
    };
    await say(text.building(undefined));
    let shownAt = performance.now();
    const made = await startEngine(
      {
        graph,
        layers: list.open(),
        weights: studio.weights.value,
        target: studio.target.value,
        drawn: memory.drawn,
        async progress(part) {
          if (performance.now() - shownAt < 50) return;
          await say(text.drawing(Math.floor(100 * part)));
          shownAt = performance.now();
        },
        building: (kernels) => say(text.building(kernels)),
      },
      device,
    );
    engine?.destroy();
    engine = made;
    if (!alive) return made.destroy();
    expect(made.weights);
    showWeights();
  };
  const run = async (): Promise<void> => {
    wantsRun = false;
    if (!engine) return;
    const values = card.values();
    if (parameters > BIG / 2) status.textContent = text.computing;
    const start = performance.now();
    let outputs: Awaited<ReturnType<Engine["run"]>>;
    try {
      outputs = await engine.run(input.name, values);
    } catch (error) {
      // A new device may be had at once; a model that costs every device is not tried again unasked.
      const lost = error instanceof WeftError && error.code === "device-lost";
      if (!lost || ++losses > 1) throw error;
      wantsEngine = true;
      return;
    }
    if (!alive) return;
    losses = 0;
    const took = performance.now() - start;
    list.draw(outputs, dark.value, memory.perMap);
    const result = outputs[resultName(graph) ?? ""];
    if (scored && result)
      scores.show(values.every((v) => v === 0) ? undefined : sharesOf(result.data, scored));
    else if (numbers !== undefined && result) scores.showNumbers(result.data);
    status.textContent = text.took(took < 10 ? took.toFixed(1) : took.toFixed(0), list.open().length);
  };
  const ask = (): void => {
    const go = h("button", {
      type: "button",
      class: "primary",
      textContent: text.compute,
      onclick() {
        allowed = true;
        memory.allowed.add(model.file);
        fill(problem);
        void pump();
      },
    });
    if (problem.childElementCount > 0) return;
    fill(problem, h("div", { class: "note" }, text.big((parameters / 1e6).toFixed(0)), h("div", {}, go)));
    status.textContent = "\u00a0";
  };
  const showWeights = (): void => {
    const used = engine?.weights;
    const origin = used && originOf(used);
    const words = origin ? text[origin.kind](origin.name) : text.initial;
    const file = h("input", {
      type: "file",
      accept: ".safetensors",
      class: "hidden-text",
      onchange: () => void openFiles([...(file.files ?? [])]),
    });
    fill(
      about,
      h("p", { class: "small" }, words),
      engine?.misfit !== undefined && h("p", { class: "small warn" }, text.misfit(engine.misfit)),
      ignored !== undefined && h("p", { class: "small warn" }, text.classesIgnored(ignored)),
      h(
        "div",
        { class: "row" },
        h("label", { class: "button quiet-button" }, text.openWeights, file),
        h("button", {
          type: "button",
          class: "quiet",
          textContent: text.useInitial,
          disabled: studio.weights.value === null,
          onclick: () => studio.weights.set(null),
        }),
      ),
    );
  };

  // From the beginning on, so that nothing moves when they are known.
  expect(studio.weights.value);
  const drop = h("p", { class: "drop-here", hidden: true }, text.dropHere);
  fill(
    host,
    h("div", { class: "side" }, card.element, scores.element),
    h(
      "div",
      { class: "main" },
      h(
        "div",
        { class: "head" },
        h("h2", {}, text.layers),
        status,
        h("label", { class: "inline", htmlFor: "try-scale" }, text.scale, perMap),
      ),
      problem,
      refusal,
      list.element,
      line.element,
    ),
    drop,
  );
  const stops = [
    listenForFiles(
      host,
      (files) => void openFiles(files),
      (over) => {
        drop.hidden = !over;
      },
    ),
    studio.weights.watch(() => {
      fill(refusal);
      restart();
    }),
    studio.target.watch(restart),
    dark.watch((now) => list.redraw(now, memory.perMap)),
  ];
  return () => {
    alive = false;
    memory.kept = card.keep();
    for (const stop of stops) stop();
    list.destroy();
    if (!busy) engine?.destroy();
  };
}
