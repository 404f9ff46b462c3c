/** What is said about files that are opened. */
import { plural } from "../../compiler/errors.ts";
import type { Language } from "../tab.ts";

export interface Text {
  readonly open: string;
  readonly drop: string;
  readonly unknown: (names: string) => string;
  readonly noModel: string;
  readonly importing: (name: string) => string;
  readonly imported: (name: string, layers: number, parameters: number) => string;
  readonly loose: (name: string, files: string) => string;
  readonly sizes: (name: string) => string;
  readonly sizesHelp: string;
  readonly go: string;
  readonly cancel: string;
  readonly failed: (name: string, why: string) => string;
  readonly rule: string;
  readonly attempt: string;
  readonly refused: (name: string, why: string) => string;
  readonly renamed: (name: string) => string;
  readonly renamedHelp: string;
  readonly layer: string;
  readonly from: string;
  readonly foundBy: string;
  readonly initial: string;
  readonly choose: string;
  readonly left: (count: number) => string;
  readonly use: string;
  readonly rules: Readonly<Record<"map" | "name" | "shape" | "place" | "order" | "words", string>>;
}

/** What came of it, in either language. */
export type Say = (text: Text) => string;

const en: Text = {
  open: "Open",
  drop: "Drop a model, weights, a picture, or numbers",
  unknown: (names) =>
    `${names} cannot be opened here. What can: models (.onnx, .ts), weights (.safetensors), pictures, numbers (.npy, IDX) and the files of a data set (IDX).`,
  noModel: "There is no model yet to which they could belong: open one first.",
  importing: (name) => `Importing ${name} …`,
  imported: (name, layers, parameters) =>
    `${name} is open: ${layers} ${plural(layers, "layer")}, ${parameters.toLocaleString("en")} ${plural(parameters, "parameter")}. The model file is what import made of it; edit it as any other.`,
  loose: (name, files) => `${name} keeps weights in ${files}: open these files together with it`,
  sizes: (name) => `${name} leaves sizes open`,
  sizesHelp: "What shall they be? A number for each; the batch stays open.",
  go: "Import",
  cancel: "Cancel",
  failed: (name, why) => `${name}: ${why}`,
  rule: "Rule",
  attempt: "Try",
  refused: (name, why) =>
    `${name} does not fit this model: ${why}. The weights that were used before are kept.`,
  renamed: (name) => `${name} has other names`,
  renamedHelp:
    "These layers of the file seem to be those of the model. Nothing is changed in the file; look before you use them.",
  layer: "Layer",
  from: "From the file",
  foundBy: "Found by",
  initial: "initial values",
  choose: "choose …",
  left: (count) =>
    `${count} ${plural(count, "tensor")} of the file ${count === 1 ? "is" : "are"} left aside.`,
  use: "Use these weights",
  rules: {
    map: "you",
    name: "name",
    shape: "shape",
    place: "neighbours",
    order: "order",
    words: "words in the name",
  },
};

const zh: Text = {
  open: "打开",
  drop: "拖入模型、权重、图片或数值文件",
  unknown: (names) =>
    `无法在此打开 ${names}。可以打开：模型（.onnx、.ts）、权重（.safetensors）、图片、数值（.npy、IDX）以及数据集文件（IDX）。`,
  noModel: "还没有模型可供使用：请先打开一个模型。",
  importing: (name) => `正在导入 ${name}……`,
  imported: (name, layers, parameters) =>
    `已打开 ${name}：${layers} 层，${parameters.toLocaleString("en")} 个参数。模型文件由导入生成，可像其他模型一样编辑。`,
  loose: (name, files) => `${name} 的权重保存在 ${files} 中：请一起打开这些文件`,
  sizes: (name) => `${name} 有未确定的尺寸`,
  sizesHelp: "请为每一项填写一个数；批量大小保持不定。",
  go: "导入",
  cancel: "取消",
  failed: (name, why) => `${name}：${why}`,
  rule: "规则",
  attempt: "建议",
  refused: (name, why) => `${name} 与该模型不符：${why}。继续使用原来的权重。`,
  renamed: (name) => `${name} 使用了不同的名称`,
  renamedHelp: "文件中的这些层似乎对应于模型的层。文件不会被改动；使用前请核对。",
  layer: "层",
  from: "来自文件",
  foundBy: "依据",
  initial: "初始值",
  choose: "请选择……",
  left: (count) => `文件中有 ${count} 个张量未被使用。`,
  use: "使用这些权重",
  rules: {
    map: "手动",
    name: "名称",
    shape: "形状",
    place: "相邻层",
    order: "顺序",
    words: "名称中的词",
  },
};

export const texts: Readonly<Record<Language, Text>> = { en, zh };
