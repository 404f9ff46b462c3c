/** The list of topics beside the text: leads to `#lecture/TOPIC`, and shows which one is being read. */
import { h } from "../../dom.ts";
import type { Scene } from "./scene.ts";
import type { Topic } from "./section.ts";

export function contents(
  scene: Scene,
  topics: readonly Topic[],
  sections: readonly HTMLElement[],
): HTMLElement {
  const links = topics.map((topic, i) =>
    h(
      "a",
      { href: `#lecture/${topic.id}` },
      h("span", { class: "number" }, `${i + 1}`),
      scene.t(topic.title),
    ),
  );
  const list = h("ol", {}, ...links.map((link) => h("li", {}, link)));
  const element = h("nav", { class: "contents" }, list);
  scene.speak((l) => {
    element.ariaLabel = l === "en" ? "Topics of the lecture" : "课程目录";
  });

  const follow = (): void => {
    const at = topics.findIndex((t) => location.hash === `#lecture/${t.id}`);
    const section = sections[at];
    if (!section) return;
    section.scrollIntoView({ block: "start" });
    section.querySelector("h2")?.focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", follow);
  scene.atEnd(() => window.removeEventListener("hashchange", follow));
  const first = requestAnimationFrame(follow);
  scene.atEnd(() => cancelAnimationFrame(first));

  const visible = new Set<Element>();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) visible.add(target);
        else visible.delete(target);
      }
      const reading = sections.findIndex((s) => visible.has(s));
      for (const [i, link] of links.entries()) link.ariaCurrent = i === reading ? "true" : null;
    },
    { rootMargin: "-20% 0px -60% 0px" },
  );
  for (const section of sections) watcher.observe(section);
  scene.atEnd(() => watcher.disconnect());
  return element;
}
