/** Files that are dropped, chosen or pasted: pictures, weights, data sets. */

/** A picture that can be drawn on a canvas; SVG goes by an image element. Throws where the browser cannot read it. */
export async function readPicture(file: Blob): Promise<ImageBitmap | HTMLImageElement> {
  try {
    return await createImageBitmap(file);
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
    } finally {
      URL.revokeObjectURL(image.src);
    }
    return image;
  }
}

/**
 * Calls `take` with files that are dropped on `host` or pasted into the page; text fields keep their own pasting.
 * `over` says whether something hovers above. Returns what undoes it.
 */
export function listenForFiles(
  host: HTMLElement,
  take: (files: readonly File[]) => void,
  over: (hovers: boolean) => void,
): () => void {
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  const dragOver = (event: DragEvent): void => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    over(true);
  };
  const dragLeave = (event: DragEvent): void => {
    if (!(event.relatedTarget instanceof Node && host.contains(event.relatedTarget))) over(false);
  };
  const drop = (event: DragEvent): void => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.stopPropagation(); // an editor would take the text of a file
    over(false);
    take([...(event.dataTransfer?.files ?? [])]);
  };
  const paste = (event: ClipboardEvent): void => {
    const { target } = event;
    if (target instanceof Element && target.closest("input, textarea, select, [contenteditable]")) return;
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  };
  host.addEventListener("dragover", dragOver);
  host.addEventListener("dragleave", dragLeave);
  host.addEventListener("drop", drop, true);
  document.addEventListener("paste", paste);
  return () => {
    host.removeEventListener("dragover", dragOver);
    host.removeEventListener("dragleave", dragLeave);
    host.removeEventListener("drop", drop, true);
    document.removeEventListener("paste", paste);
  };
}
