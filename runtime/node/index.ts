/** What the runtime offers in Node beyond `weftgpu/runtime`: a device, files, a diagnosis. */
export {
  type AdapterChoice,
  type AdapterInfo,
  type DeviceOptions,
  type OpenedDevice,
  requestDevice,
} from "./device.ts";
export { type DoctorReport, doctor } from "./doctor.ts";
export { readWeights, writeWeights } from "./files.ts";
