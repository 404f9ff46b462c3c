// Preloaded into a process: every file written under a temporary name meets a full disk.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { open } = fs.promises;
fs.promises.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest);
  if (flags === "w" && String(path).endsWith(".tmp"))
    file.writeFile = async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
  return file;
};
syncBuiltinESMExports();
