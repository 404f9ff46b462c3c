/** The Train tab's words. */
import { plural } from "../../../compiler/errors.ts";
import type { Language } from "../../tab.ts";

export interface Text {
  readonly settings: string;
  readonly model: (name: string, parameters: string) => string;
  readonly pictures: string;
  readonly shapes: string;
  readonly files: string;
  readonly chooseFiles: string;
  readonly filesHint: string;
  readonly stillMissing: (names: string) => string;
  readonly allThere: string;
  readonly notOne: (name: string) => string;
  readonly optimizer: string;
  readonly sgd: string;
  readonly adam: string;
  readonly rate: string;
  readonly momentum: string;
  readonly clip: string;
  readonly clips: Readonly<Record<"none" | "norm" | "value", string>>;
  readonly clipAt: string;
  readonly batch: string;
  readonly epochs: string;
  readonly seed: string;
  readonly limit: string;
  readonly train: string;
  readonly pause: string;
  readonly resume: string;
  readonly stop: string;
  readonly download: string;
  readonly tryThem: string;
  readonly curves: string;
  readonly epoch: string;
  /** In the order of the curves. */
  readonly series: readonly [loss: string, trainAccuracy: string, testAccuracy: string];
  readonly speed: string;
  readonly noEpoch: string;
  readonly afterEpoch: (epoch: number, figures: string) => string;
  readonly ready: string;
  readonly makingPictures: string;
  readonly buildingKernels: (kernels: number | undefined) => string;
  readonly at: (epoch: number, epochs: number, step: number, steps: number) => string;
  readonly perSecond: (examples: string) => string;
  readonly pausing: string;
  readonly paused: (steps: number) => string;
  readonly stopped: (epochs: number) => string;
  readonly done: (epochs: number) => string;
  readonly edited: string;
  readonly diverged: string;
  readonly advice: string;
  /** What to do once the device was lost: before a step was taken, and after. */
  readonly beginAnew: string;
  readonly goOn: string;
  readonly table: string;
  readonly learnsFrom: (name: string, train: string, test: string) => string;
  readonly setNames: Readonly<Record<string, string>>;
  readonly classNumber: (index: number) => string;
  readonly compiling: string;
  readonly noModel: string;
  readonly recipe: string;
  readonly recipes: Readonly<Record<"quick" | "lecture" | "own", string>>;
  readonly toDownload: (name: string, megabytes: number) => string;
  readonly flat: string;
  readonly noClassifier: (name: string) => string;
  readonly nothingToLearn: (name: string) => string;
  readonly answers: string;
  readonly confusion: (rows: number) => string;
  readonly worst: string;
  readonly noMistake: (rows: number) => string;
  readonly mistake: (label: string, answer: string) => string;
  readonly weightsName: (model: string, epochs: string, data: string) => string;
}

const en: Text = {
  settings: "Training",
  model: (name, parameters) => `${name}, ${parameters} parameters`,
  pictures: "Pictures",
  shapes: "Ten shapes, drawn here",
  files: "Files of Fashion-MNIST or MNIST",
  chooseFiles: "Choose the four files",
  filesHint:
    "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two that begin with t10k. They stay in this page.",
  stillMissing: (names) => `Still missing: ${names}`,
  allThere: "All four files are there",
  notOne: (name) => `${name} is none of the four`,
  optimizer: "Optimiser",
  sgd: "SGD",
  adam: "Adam",
  rate: "Learning rate",
  momentum: "Momentum",
  clip: "Clip gradients",
  clips: { none: "not at all", norm: "by their norm", value: "each value" },
  clipAt: "Clip at",
  batch: "Batch",
  epochs: "Epochs",
  seed: "Seed",
  limit: "Pictures at most",
  train: "Train",
  pause: "Pause",
  resume: "Resume",
  stop: "Stop",
  download: "Download weights",
  tryThem: "Try these weights",
  curves: "Curves",
  epoch: "epoch",
  series: ["train loss", "train acc", "test acc"],
  speed: "examples/s",
  noEpoch: "No epoch has been finished yet",
  afterEpoch: (epoch, figures) => `After epoch ${epoch}: ${figures}`,
  ready: "Ready",
  makingPictures: "Getting the pictures …",
  buildingKernels: (kernels) => `Building ${kernels ?? "the"} ${kernels === 1 ? "kernel" : "kernels"} …`,
  at: (epoch, epochs, step, steps) => `Epoch ${epoch} of ${epochs}, step ${step} of ${steps}`,
  perSecond: (examples) => `${examples} examples/s`,
  pausing: "Ending the steps that are under way …",
  paused: (steps) => `Paused after ${steps} ${plural(steps, "step")}`,
  stopped: (epochs) => `Stopped after ${epochs} ${plural(epochs, "epoch")}`,
  done: (epochs) => `Trained for ${epochs} ${plural(epochs, "epoch")}`,
  edited:
    "The model has been edited since. This training goes on with the one that it began with; the next takes the new one.",
  diverged: "The training diverged",
  advice: "The state before is kept. Try a smaller learning rate, or clip gradients.",
  beginAnew: "“Train” takes another device.",
  goOn: "“Resume” takes another device and goes on with the state that was kept last.",
  table: "Epochs",
  learnsFrom: (name, train, test) => `${name}: ${train} to train with, ${test} to test with`,
  setNames: {
    files: "Files of your own",
    synthetic: "Drawn shapes",
    "fashion-mnist": "Fashion-MNIST",
    mnist: "MNIST",
  },
  classNumber: (index) => `class ${index}`,
  compiling: "The model is being compiled …",
  noModel: "There is no model to train: it does not compile. The Model tab says why.",
  recipe: "Settings",
  recipes: { quick: "Quick: learns within a minute", lecture: "The lecture's", own: "My own" },
  toDownload: (name, megabytes) => `${name} (downloads ${megabytes} MB)`,
  flat: "Nothing has been learnt so far: the loss is what it was, and the answers are guesses. Sigmoid nets begin slowly with SGD; try the quick settings, or another learning rate.",
  noClassifier: (name) =>
    `${name} cannot be trained here: pictures with their classes need one input and one output [N, classes]. weft train learns from arrays too.`,
  nothingToLearn: (name) => `${name} has no parameters: there is nothing to learn`,
  answers: "What it takes for what",
  confusion: (rows) =>
    `${rows.toLocaleString("en")} test ${plural(rows, "picture")}: a row for what is on them, a column for what was answered`,
  worst: "Most wrong",
  noMistake: (rows) => `All ${rows.toLocaleString("en")} are right`,
  mistake: (label, answer) => `${label}, taken for ${answer}`,
  weightsName: (model, epochs, data) =>
    `${model}, ${epochs} ${epochs === "1" ? "epoch" : "epochs"} of ${data}`,
};

const zh: Text = {
  settings: "训练",
  model: (name, parameters) => `${name}，${parameters} 个参数`,
  pictures: "图片",
  shapes: "十种图形（在本页绘制）",
  files: "Fashion-MNIST 或 MNIST 文件",
  chooseFiles: "选择四个文件",
  filesHint:
    "train-images-idx3-ubyte.gz、train-labels-idx1-ubyte.gz，以及以 t10k 开头的两个文件。文件不会离开本页。",
  stillMissing: (names) => `还缺：${names}`,
  allThere: "四个文件已齐",
  notOne: (name) => `${name} 不是这四个文件之一`,
  optimizer: "优化器",
  sgd: "SGD",
  adam: "Adam",
  rate: "学习率",
  momentum: "动量",
  clip: "梯度裁剪",
  clips: { none: "不裁剪", norm: "按范数", value: "按数值" },
  clipAt: "裁剪阈值",
  batch: "批量大小",
  epochs: "迭代周期数",
  seed: "随机种子",
  limit: "图片数上限",
  train: "开始训练",
  pause: "暂停",
  resume: "继续",
  stop: "停止",
  download: "下载权重",
  tryThem: "试用这些权重",
  curves: "曲线",
  epoch: "周期",
  series: ["训练损失", "训练精度", "测试精度"],
  speed: "样本/秒",
  noEpoch: "尚未完成任何周期",
  afterEpoch: (epoch, figures) => `第 ${epoch} 周期后：${figures}`,
  ready: "就绪",
  makingPictures: "正在准备图片……",
  buildingKernels: (kernels) => `正在构建${kernels === undefined ? "" : ` ${kernels} 个`}内核……`,
  at: (epoch, epochs, step, steps) => `第 ${epoch} / ${epochs} 周期，第 ${step} / ${steps} 步`,
  perSecond: (examples) => `${examples} 样本/秒`,
  pausing: "正在完成已提交的步骤……",
  paused: (steps) => `已暂停，共 ${steps} 步`,
  stopped: (epochs) => `已停止，共 ${epochs} 个周期`,
  done: (epochs) => `已训练 ${epochs} 个周期`,
  edited: "模型已被修改。本次训练继续使用开始时的模型；下一次训练使用新模型。",
  diverged: "训练发散",
  advice: "已保留此前的状态。请降低学习率，或裁剪梯度。",
  beginAnew: "点击“开始训练”会使用新的设备。",
  goOn: "点击“继续”会使用新的设备，并从最后保留的状态继续训练。",
  table: "各周期",
  learnsFrom: (name, train, test) => `${name}：${train} 张用于训练，${test} 张用于测试`,
  setNames: { files: "自选文件", synthetic: "绘制的图形", "fashion-mnist": "Fashion-MNIST", mnist: "MNIST" },
  classNumber: (index) => `类别 ${index}`,
  compiling: "正在编译模型……",
  noModel: "没有可训练的模型：它无法编译，原因见“模型”标签页。",
  recipe: "设置",
  recipes: { quick: "快速：一分钟内见效", lecture: "课程的设置", own: "自定义" },
  toDownload: (name, megabytes) => `${name}（需下载 ${megabytes} MB）`,
  flat: "目前什么也没有学到：损失没有下降，答案等同于猜测。使用 sigmoid 的网络用 SGD 起步较慢；请试试快速设置，或更换学习率。",
  noClassifier: (name) =>
    `${name} 无法在此训练：带类别的图片需要一个输入和一个输出 [N, classes]。weft train 也可以用数组训练。`,
  nothingToLearn: (name) => `${name} 没有参数，无可训练`,
  answers: "混淆矩阵",
  confusion: (rows) => `${rows.toLocaleString("en")} 张测试图片：行为真实类别，列为模型的回答`,
  worst: "错得最多的",
  noMistake: (rows) => `${rows.toLocaleString("en")} 张全部正确`,
  mistake: (label, answer) => `${label}，误认为 ${answer}`,
  weightsName: (model, epochs, data) => `${model}，${data}，${epochs} 个周期`,
};

export const texts: Readonly<Record<Language, Text>> = { en, zh };
