/** Logits as probabilities, and probabilities as bars. */

/** exp(xᵢ − max x) / Σ exp(xⱼ − max x): the same as without the maximum, and it cannot overflow. */
export function softmax(logits: ArrayLike<number>): readonly number[] {
  const peak = Math.max(...Array.from(logits));
  const parts = Array.from(logits, (x) => Math.exp(x - peak));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((p) => p / sum);
}

/** A bar per class, in the order of the classes so that they stay in their places; all empty without shares. */
export function showBars(
  list: HTMLElement,
  classes: readonly string[],
  shares: readonly number[] | undefined,
): void {
  while (list.children.length < classes.length) {
    const row = document.createElement("li");
    const track = document.createElement("span");
    const [name, bar, percent] = ["name", "bar", "percent"].map((kind) =>
      Object.assign(document.createElement("span"), { className: kind }),
    ) as [HTMLElement, HTMLElement, HTMLElement];
    name.textContent = classes[list.children.length] ?? "";
    track.className = "track";
    track.append(bar);
    row.append(name, track, percent);
    list.append(row);
  }
  const best = Math.max(...(shares ?? [1]));
  [...list.children].forEach((row, i) => {
    const share = shares?.[i] ?? 0;
    row.classList.toggle("best", share === best);
    row.querySelector<HTMLElement>(".bar")?.style.setProperty("--share", share.toFixed(4));
    const percent = row.querySelector(".percent");
    if (percent) percent.textContent = shares ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : "";
  });
}
