/** The lecture tab: from the cross-correlation of two small tables to LeNet's shapes, each computed by Weft's kernels. */
import "./style.css";
import { h } from "../../dom.ts";
import type { Tab } from "../../tab.ts";
import { contents } from "./contents.ts";
import { scene } from "./scene.ts";
import type { Topic } from "./section.ts";
import { channels } from "./sections/channels.ts";
import { correlation } from "./sections/correlation.ts";
import { edges } from "./sections/edges.ts";
import { learning } from "./sections/learning.ts";
import { lenet } from "./sections/lenet.ts";
import { oneByOne } from "./sections/oneByOne.ts";
import { pooling } from "./sections/pooling.ts";
import { sizes } from "./sections/sizes.ts";

const TOPICS: readonly Topic[] = [correlation, edges, learning, sizes, channels, oneByOne, pooling, lenet];

export const lectureTab: Tab = {
  id: "lecture",
  title: { en: "Lecture", zh: "课程" },
  mount(host, studio) {
    const { scene: own, end } = scene(studio);
    const sections = TOPICS.map((topic, i) =>
      h(
        "section",
        {
          class: "card topic",
          id: `lecture-${topic.id}`,
          attrs: { "aria-labelledby": `lecture-${topic.id}-title` },
        },
        h(
          "h2",
          { id: `lecture-${topic.id}-title`, tabIndex: -1 },
          h("span", { class: "number" }, `${i + 1}`),
          own.t(topic.title),
        ),
        ...topic.build(own),
      ),
    );
    const article = h(
      "div",
      { class: "article" },
      h(
        "header",
        { class: "opening" },
        h("p", { class: "title" }, own.t({ en: "Convolution, by hand", zh: "动手看卷积" })),
        own.p({
          en: "From one sum to LeNet. Every number below is computed by the WGSL kernels that Weft compiles in this page, on your WebGPU device. Change the numbers and see.",
          zh: "从一个求和式一直到 LeNet。下面的每一个数，都由 Weft 在本页中编译出的 WGSL 内核在你的 WebGPU 设备上算出。改一改数字，看看会怎样。",
        }),
      ),
      ...sections,
    );
    host.append(contents(own, TOPICS, sections), article);
    return () => {
      end();
      host.replaceChildren();
    };
  },
};
