/** What the page asks of `weft studio`: saving a file, and word of changes on disk. */

/** Asks the server to write a file of the project. Throws with the server's own words where it does not. */
export async function saveFile(path: string, text: string): Promise<void> {
  const response = await fetch("save", {
    method: "POST",
    // No form of another site can send this type without asking first, and the server asks whence it comes besides.
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path, text }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Asks the server for a data set, which it may have to download. Throws with the server's own words where it cannot. */
export async function askForSet(name: string): Promise<void> {
  const response = await fetch(`data/${name}`, { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
}

/** One of a data set's files. */
export async function setFile(set: string, name: string): Promise<File> {
  const response = await fetch(`data/${set}/${name}`);
  if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
  return new File([await response.blob()], name);
}

/** Calls `changed` with the project's files whenever one of them changes on disk. */
export function watchDisk(changed: (files: Readonly<Record<string, string>>) => void): void {
  const events = new EventSource("changes");
  events.onmessage = (event: MessageEvent<string>) => changed(JSON.parse(event.data));
}
