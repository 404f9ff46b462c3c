/** What the runtime offers in Node beyond `weftgpu/runtime`: a device, files, a diagnosis, a profile. */
export { measurePeaks, type Peaks } from "./calibrate.ts";
export { type Clock, clockOf, type Work, wallClock } from "./clock.ts";
export {
  type AdapterChoice,
  type AdapterInfo,
  type DeviceOptions,
  type OpenedDevice,
  requestDevice,
} from "./device.ts";
export { type DoctorReport, doctor } from "./doctor.ts";
export { readProgram, readTraining, readWeights, writeWeights } from "./files.ts";
export { type Measured, type ProfileOptions, profileProgram } from "./profile.ts";
