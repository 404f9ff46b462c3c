/** The studio's tabs, in the order of the tab bar: Model, Try, Train, Lecture. A tab of its own folder is added here. */
import type { Tab } from "../tab.ts";
import { lectureTab } from "./lecture/index.ts";
import { modelTab } from "./model/index.ts";
import { trainTab } from "./train/index.ts";
import { tryTab } from "./try/index.ts";

export const tabs: readonly Tab[] = [modelTab, tryTab, trainTab, lectureTab];
