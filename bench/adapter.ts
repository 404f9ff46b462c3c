/** The adapter that a run is for, by name. */
import { tmpdir } from "node:os";
import { driverManifests } from "../runtime/node/device.ts";
import { type OpenedDevice, requestDevice } from "../runtime/node/index.ts";

/** `lavapipe`: Mesa's driver for the CPU, if installed. `swiftshader`: the one of npm. Else the machine's own. */
export const ADAPTERS = ["hardware", "lavapipe", "swiftshader"] as const;

/** What a process needs in its environment for an adapter. Throws where it is not installed, or its name is unknown. */
export function environmentFor(adapter: string): Readonly<Record<string, string>> {
  if (adapter === "hardware") return { WEFT_ADAPTER: "hardware" };
  if (adapter === "swiftshader")
    return { WEFT_ADAPTER: "software", VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "" };
  if (adapter !== "lavapipe") throw new Error(`no adapter "${adapter}": there are ${ADAPTERS.join(", ")}`);
  const manifest = driverManifests().find((path) => /lvp_icd/.test(path));
  if (!manifest)
    throw new Error("lavapipe is not installed (Debian, Ubuntu: mesa-vulkan-drivers 25 or later)");
  const runtime = process.env["XDG_RUNTIME_DIR"] ?? tmpdir();
  return {
    WEFT_ADAPTER: "software",
    VK_ICD_FILENAMES: manifest,
    VK_DRIVER_FILES: manifest,
    XDG_RUNTIME_DIR: runtime,
  };
}

/** Opens it in this process. Default: what the environment says. */
export function openAdapter(adapter: string | undefined): Promise<OpenedDevice> {
  if (adapter) Object.assign(process.env, environmentFor(adapter));
  return requestDevice({ features: ["subgroups", "timestamp-query"] });
}
