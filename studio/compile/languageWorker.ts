/** The worker that holds TypeScript: types while typing, JavaScript for the model worker, and what stands where. */
import { siteReader } from "../../compiler/frontend/site.ts";
import { type Assistant, assistant } from "./assist.ts";
import { modulesFrom } from "./modules.ts";
import type { LanguageCalls } from "./protocol.ts";
import { answer } from "./rpc.ts";

const files = new Map<string, string>();
/** Made when types are first asked for: the first compile does not wait for it. */
let assist = (): Assistant => assistant({}, {});

let known = (): Assistant | undefined => undefined;

const calls: LanguageCalls = {
  open(given, types) {
    files.clear();
    for (const [path, text] of Object.entries(given)) files.set(path, text);
    let made: Assistant | undefined;
    assist = () => {
      made ??= assistant(Object.fromEntries(files), types);
      return made;
    };
    known = () => made;
  },
  update(path, text) {
    files.set(path, text);
    known()?.update(path, text);
  },
  marks: (path) => assist().marks(path),
  hover: (path, at) => assist().hover(path, at),
  complete: (path, at) => assist().complete(path, at),
  explain: (path, at, label) => assist().explain(path, at, label),
  modules: (entry) => modulesFrom(entry, files),
  places(frames, early) {
    const reader = siteReader(files);
    return {
      sites: frames.map((frame) => reader.site(frame) ?? null),
      early: (early && reader.usedEarly(early)) ?? null,
    };
  },
};

answer(calls);
