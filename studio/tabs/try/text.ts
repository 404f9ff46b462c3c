/** The Try tab's words. */
import { plural } from "../../../compiler/errors.ts";
import type { Language } from "../../tab.ts";

export interface Text {
  readonly picture: string;
  readonly padLabel: (width: number, height: number) => string;
  readonly clear: string;
  readonly erase: string;
  readonly color: string;
  readonly open: string;
  readonly invert: string;
  readonly hint: string;
  readonly samples: string;
  readonly scores: string;
  readonly numbers: string;
  readonly weights: string;
  readonly inputs: string;
  readonly openArray: string;
  readonly asPicture: string;
  readonly asNumbers: string;
  readonly drawNumbers: string;
  readonly zeros: string;
  readonly ones: string;
  readonly noNumber: (word: string, dtype: string) => string;
  readonly otherCount: (wanted: number, there: number) => string;
  readonly numbersFrom: (count: number, low: string, high: string) => string;
  readonly grey: (low: string, high: string) => string;
  readonly drawSomething: string;
  readonly classNumber: (index: number) => string;
  readonly moreClasses: (count: number) => string;
  readonly moreNumbers: (count: number) => string;
  readonly layers: string;
  readonly scale: string;
  readonly perLayer: string;
  readonly perMap: string;
  readonly lowest: string;
  readonly highest: string;
  readonly showAll: (count: number) => string;
  readonly showFewer: string;
  readonly mapsLabel: (layer: string) => string;
  readonly pointAt: string;
  readonly channel: (index: number) => string;
  readonly place: (row: number, column: number) => string;
  readonly element: (index: number) => string;
  readonly from: (low: string, high: string) => string;
  readonly sees: (rows: string, columns: string) => string;
  readonly seesAll: string;
  readonly seesPadding: string;
  readonly seesUnknown: string;
  readonly waiting: string;
  readonly drawing: (percent: number) => string;
  readonly building: (kernels: number | undefined) => string;
  readonly computing: string;
  readonly took: (ms: string, layers: number) => string;
  readonly big: (millions: string) => string;
  readonly compute: string;
  readonly initial: string;
  readonly trained: (name: string) => string;
  readonly served: (name: string) => string;
  readonly opened: (name: string) => string;
  readonly misfit: (why: string) => string;
  readonly classesIgnored: (why: string) => string;
  readonly openWeights: string;
  readonly useInitial: string;
  readonly notPicture: (name: string) => string;
  readonly resized: (before: string, after: string) => string;
  readonly greyed: string;
  readonly onWhite: string;
  readonly inverted: string;
  readonly compiling: string;
  readonly noModel: string;
  readonly noInput: string;
  readonly noPicture: string;
  readonly retry: string;
  /** Of where one value comes from. */
  readonly pixel: {
    readonly title: string;
    readonly close: string;
    readonly way: string;
    readonly term: string;
    readonly back: string;
    readonly on: string;
    readonly play: string;
    readonly pause: string;
    readonly termOf: (at: number, count: number) => string;
    readonly soFar: (part: string, whole: string) => string;
    readonly products: string;
    readonly computed: string;
    readonly padding: string;
    readonly reads: string;
    readonly given: (param: boolean) => string;
    readonly noFormula: string;
    readonly tooLong: (count: number, value: string) => string;
    readonly kernel: (name: string, others: readonly string[]) => string;
  };
}

const en: Text = {
  picture: "Picture",
  padLabel: (width, height) =>
    `The picture, ${width} by ${height} pixels. Draw with mouse, finger or pen; without them, take a sample or a file.`,
  clear: "Clear",
  erase: "Eraser",
  color: "Colour",
  open: "Open a picture",
  invert: "Invert",
  hint: "Draw, drop or paste a picture",
  samples: "Samples",
  scores: "Class scores",
  numbers: "Output",
  weights: "Weights",
  inputs: "Numbers in",
  openArray: "Open numbers (.npy, IDX)",
  asPicture: "As a picture",
  asNumbers: "As numbers",
  drawNumbers: "Draw",
  zeros: "Zeros",
  ones: "Ones",
  noNumber: (word, dtype) => `${word} is no number of ${dtype}`,
  otherCount: (wanted, there) =>
    `${wanted} ${plural(wanted, "number")} are wanted; there ${there === 1 ? "is" : "are"} ${there}`,
  numbersFrom: (count, low, high) =>
    `${count.toLocaleString("en")} ${plural(count, "number")}, ${low} to ${high}`,
  grey: (low, high) => `black is ${low}, white is ${high}`,
  drawSomething: "Draw something bright on black",
  classNumber: (index) => `class ${index}`,
  moreClasses: (count) => `and ${count} more classes`,
  moreNumbers: (count) => `and ${count} more numbers: see the last layer`,
  layers: "Layers",
  scale: "Colour scale",
  perLayer: "of the layer",
  perMap: "of each map",
  lowest: "its lowest",
  highest: "its highest",
  showAll: (count) => `Show all ${count} maps`,
  showFewer: "Show fewer",
  mapsLabel: (layer) =>
    `Values of ${layer}. Arrow keys move within a map, Page Up and Page Down between maps; Enter shows where a value comes from.`,
  pointAt: "Point at a value to see what it sees; click it to see where it comes from",
  channel: (index) => `channel ${index}`,
  place: (row, column) => `row ${row}, column ${column}`,
  element: (index) => `element ${index}`,
  from: (low, high) => `${low} to ${high}`,
  sees: (rows, columns) => `sees rows ${rows}, columns ${columns} of the picture`,
  seesAll: "sees the whole picture",
  seesPadding: "sees padding alone",
  seesUnknown: "what it sees of the picture is no window that moves with it",
  waiting: "Waiting for the GPU …",
  drawing: (percent) => `Drawing initial values … ${percent} %`,
  building: (kernels) => `Building ${kernels ?? "the"} ${kernels === 1 ? "kernel" : "kernels"} …`,
  computing: "Computing …",
  took: (ms, layers) => `${ms} ms for ${layers} ${plural(layers, "layer")}, copies included`,
  big: (millions) =>
    `This model has ${millions} million parameters. Initial values for them take a while, and so does a run without a fast GPU.`,
  compute: "Compute",
  initial: "Untrained: initial values, seed 0",
  trained: (name) => `Trained in this page: ${name}`,
  served: (name) => `Trained weights: ${name}`,
  opened: (name) => `Weights from ${name}`,
  misfit: (why) => `The weights do not fit this model: ${why}. Initial values are used.`,
  classesIgnored: (why) => `The classes that the file names are left aside: ${why}.`,
  openWeights: "Open weights",
  useInitial: "Use initial values",
  notPicture: (name) => `${name || "This"} is no picture that the browser can read`,
  resized: (before, after) => `resized from ${before} to ${after}`,
  greyed: "greyed",
  onWhite: "laid on white, as it is dark and transparent",
  inverted: "inverted, as its background is bright",
  compiling: "The model is being compiled …",
  noModel: "There is no model to try: it does not compile. The Model tab says why.",
  noPicture: "This model is given numbers here, and no picture",
  noInput: "This model takes no input: there is nothing to try.",
  retry: "Try again",
  pixel: {
    title: "Where a value comes from",
    close: "Close",
    way: "The way here",
    term: "The term",
    back: "One term back",
    on: "One term on",
    play: "Play",
    pause: "Pause",
    termOf: (at, count) => `term ${at.toLocaleString("en")} of ${count.toLocaleString("en")}`,
    soFar: (part, whole) => `so far ${part}, in the end ${whole}`,
    products: "products",
    computed: "computed",
    padding: "padding",
    reads: "It also reads",
    given: (param) => (param ? "one of the weights" : "this is what the model was given"),
    noFormula: "this layer goes step by step and is no formula of one element",
    tooLong: (count, value) => `${count.toLocaleString("en")} terms, too many to list: ${value}`,
    kernel: (name, others) =>
      `Kernel ${name} computes it${others.length > 0 ? `, with ${others.join(", ")}` : ""}.`,
  },
};

const zh: Text = {
  picture: "图片",
  padLabel: (width, height) =>
    `图片，${width}×${height} 像素。可用鼠标、手指或笔绘制；也可以选择样例或文件。`,
  clear: "清空",
  erase: "橡皮",
  color: "颜色",
  open: "打开图片",
  invert: "反色",
  hint: "可绘制、拖入或粘贴图片",
  samples: "样例",
  scores: "类别得分",
  numbers: "输出",
  weights: "权重",
  inputs: "输入数值",
  openArray: "打开数值文件（.npy、IDX）",
  asPicture: "用图片",
  asNumbers: "用数值",
  drawNumbers: "随机生成",
  zeros: "全 0",
  ones: "全 1",
  noNumber: (word, dtype) => `${word} 不是 ${dtype} 数`,
  otherCount: (wanted, there) => `需要 ${wanted} 个数，现有 ${there} 个`,
  numbersFrom: (count, low, high) => `${count.toLocaleString("en")} 个数，${low} 至 ${high}`,
  grey: (low, high) => `黑色为 ${low}，白色为 ${high}`,
  drawSomething: "请在黑色背景上画些明亮的图形",
  classNumber: (index) => `类别 ${index}`,
  moreClasses: (count) => `另有 ${count} 个类别`,
  moreNumbers: (count) => `另有 ${count} 个数值，见最后一层`,
  layers: "各层",
  scale: "色标",
  perLayer: "按层",
  perMap: "按特征图",
  lowest: "各自最小",
  highest: "各自最大",
  showAll: (count) => `显示全部 ${count} 个特征图`,
  showFewer: "收起",
  mapsLabel: (layer) =>
    `${layer} 的数值。方向键在特征图内移动，Page Up 和 Page Down 切换特征图，回车键显示该数的来源。`,
  pointAt: "指向一个数值，查看它的感受野；点击可查看它从哪里来",
  channel: (index) => `通道 ${index}`,
  place: (row, column) => `第 ${row} 行，第 ${column} 列`,
  element: (index) => `元素 ${index}`,
  from: (low, high) => `${low} 至 ${high}`,
  sees: (rows, columns) => `感受野：图片的第 ${rows} 行，第 ${columns} 列`,
  seesAll: "感受野：整张图片",
  seesPadding: "感受野：仅填充",
  seesUnknown: "感受野：未知，不是随位置移动的窗口",
  waiting: "正在等待 GPU……",
  drawing: (percent) => `正在生成初始值…… ${percent}%`,
  building: (kernels) => `正在构建${kernels === undefined ? "" : ` ${kernels} 个`}内核……`,
  computing: "正在计算……",
  took: (ms, layers) => `${layers} 层用时 ${ms} 毫秒（含数据传输）`,
  big: (millions) => `该模型有 ${millions} 百万个参数。生成初始值需要一些时间；没有高速 GPU 时运行也较慢。`,
  compute: "开始计算",
  initial: "未训练：初始值，种子 0",
  trained: (name) => `在本页训练的权重：${name}`,
  served: (name) => `已训练的权重：${name}`,
  opened: (name) => `权重来自 ${name}`,
  misfit: (why) => `权重与该模型不符：${why}。已改用初始值。`,
  classesIgnored: (why) => `未采用文件中的类别信息：${why}。`,
  openWeights: "打开权重",
  useInitial: "使用初始值",
  notPicture: (name) => `浏览器无法读取${name ? ` ${name} ` : "该"}图片`,
  resized: (before, after) => `尺寸由 ${before} 调整为 ${after}`,
  greyed: "已转为灰度",
  onWhite: "图形深且背景透明，已置于白底",
  inverted: "背景较亮，已反色",
  compiling: "正在编译模型……",
  noModel: "没有可用的模型：它无法编译，原因见“模型”标签页。",
  noPicture: "此处该模型的输入为数值，而不是图片",
  noInput: "该模型没有输入，无可试用。",
  retry: "重试",
  pixel: {
    title: "这个数从哪里来",
    close: "关闭",
    way: "追溯路径",
    term: "项",
    back: "上一项",
    on: "下一项",
    play: "播放",
    pause: "暂停",
    termOf: (at, count) => `第 ${at.toLocaleString("en")} 项，共 ${count.toLocaleString("en")} 项`,
    soFar: (part, whole) => `目前 ${part}，最终 ${whole}`,
    products: "乘积",
    computed: "计算所得",
    padding: "填充",
    reads: "还读取",
    given: (param) => (param ? "权重之一" : "这是模型的输入"),
    noFormula: "该层按步骤计算，没有单个元素的公式",
    tooLong: (count, value) => `共 ${count.toLocaleString("en")} 项，无法逐项列出：${value}`,
    kernel: (name, others) =>
      `由内核 ${name} 计算${others.length > 0 ? `（同时计算 ${others.join("、")}）` : ""}。`,
  },
};

export const texts: Readonly<Record<Language, Text>> = { en, zh };
