/** The typed module of a compiled model: what it takes, what it gives and what its weights are, as types. */
import { Project, type SourceFile, ts, VariableDeclarationKind } from "ts-morph";
import { must } from "../errors.ts";
import type { ParamSpec, Program, Signature } from "../ir/program.ts";
import { type Dim, type DType, showCount, showShape } from "../ir/type.ts";
import { docText, literal, propertyName } from "./names.ts";

/** The module as source, as JavaScript and as declarations. The declarations need no other file. */
export interface TypedModule {
  readonly ts: string;
  readonly js: string;
  readonly dts: string;
}

const ARRAYS: Readonly<Record<DType, string>> = {
  f32: "Float32Array",
  u32: "Uint32Array",
  i32: "Int32Array",
};

export function typedModule(program: Program): TypedModule {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true, // everything exported is annotated, so nothing is inferred from libraries
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, declaration: true },
  });
  const file = project.createSourceFile("/module.ts", "");
  writeModule(file, program);
  const emitted = project.emitToMemory().getFiles();
  const text = (suffix: string): string =>
    must(
      emitted.find((f) => f.filePath === `/module${suffix}`),
      `emitted module${suffix}`,
    ).text;
  return { ts: file.getFullText(), js: text(".js"), dts: text(".d.ts") };
}

function writeModule(file: SourceFile, program: Program): void {
  file.addStatements(
    `// ${docText(program.name)}, compiled by Weft. \`weft compile\` writes this file anew.`,
  );
  file.addImportDeclaration({
    moduleSpecifier: "weftgpu/runtime",
    namedImports: [
      { name: "load", alias: "loadProgram" },
      { name: "Program", isTypeOnly: true },
    ],
  });
  writeTypes(file, program);
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    declarations: [{ name: "program", type: "Program", initializer: programText(program) }],
  });
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: ["The shape of every parameter."],
    declarations: [
      {
        name: "parameters",
        type: "Parameters",
        initializer: record(program.params.map((p) => [p.name, literal(p.shape)])),
      },
    ],
  });
  file.addFunction({
    isExported: true,
    name: "load",
    docs: [loadDoc(program)],
    parameters: [
      { name: "weights", type: "Weights", hasQuestionToken: true },
      { name: "device", type: "Device", hasQuestionToken: true },
    ],
    returnType: "Promise<Session>",
    statements: [
      "return loadProgram<Inputs, Outputs>(program, {",
      "  ...(weights && { weights }),",
      "  ...(device && { device: device as GPUDevice }),",
      "});",
    ],
  });
}

function writeTypes(file: SourceFile, program: Program): void {
  file.addTypeAlias({
    isExported: true,
    name: "Device",
    docs: ["WebGPU's GPUDevice, where its types are installed."],
    type: "typeof globalThis extends { GPUDevice: { prototype: infer D } } ? D : object",
  });
  file.addInterface({
    isExported: true,
    name: "Tensor",
    typeParameters: [{ name: "Shape" }, { name: "Data", default: "Float32Array" }],
    docs: ["Numbers in row-major order, the last dimension fastest."],
    properties: [
      { name: "data", type: "Data", isReadonly: true },
      { name: "shape", type: "Shape", isReadonly: true },
    ],
  });
  const several = "What the model takes. N is the batch size: any number of examples at once.";
  file.addInterface({
    isExported: true,
    name: "Inputs",
    docs: [several],
    properties: program.inputs.map((s) => ({
      ...property(s),
      type: `${ARRAYS[s.dtype]} | ${tensorType(s)}`,
    })),
  });
  file.addInterface({
    isExported: true,
    name: "Outputs",
    docs: ["What the model gives."],
    properties: program.outputs.map((s) => ({ ...property(s), type: tensorType(s) })),
  });
  file.addInterface({
    isExported: true,
    name: "Parameters",
    docs: ["The model's parameters and their shapes: what a weights file holds."],
    properties: program.params.map((p) => ({ ...property(p), type: shapeType(p.shape) })),
  });
  file.addTypeAlias({
    isExported: true,
    name: "Weights",
    docs: ["The bytes of a .safetensors file, or a tensor for each parameter."],
    type: "ArrayBuffer | Uint8Array | { readonly [Name in keyof Parameters]: Tensor<Parameters[Name]> }",
  });
  file.addInterface({
    isExported: true,
    name: "Session",
    docs: ["The model on a device."],
    methods: [
      {
        name: "run",
        parameters: [{ name: "inputs", type: "Inputs" }],
        returnType: "Promise<Outputs>",
      },
    ],
  });
}

function property(s: Signature | ParamSpec): { name: string; isReadonly: true; docs: string[] } {
  return { name: propertyName(s.name), isReadonly: true, docs: [showShape(s.shape)] };
}

/** `Tensor<readonly [N: number, 1, 28, 28]>` */
function tensorType(s: Signature): string {
  return `Tensor<${shapeType(s.shape)}${s.dtype === "f32" ? "" : `, ${ARRAYS[s.dtype]}`}>`;
}

function shapeType(shape: readonly Dim[]): string {
  const batched = shape.includes("N"); // a tuple has a label for every element or for none
  return `readonly [${shape
    .map((d, i) => (d === "N" ? "N: number" : batched ? `d${i}: ${d}` : `${d}`))
    .join(", ")}]`;
}

function record(fields: readonly (readonly [string, string])[]): string {
  return `{\n${fields.map(([name, value]) => `${propertyName(name)}: ${value},`).join("\n")}\n}`;
}

/** The program as JSON, its kernels' text line by line. */
function programText(program: Program): string {
  return literal(program);
}

function loadDoc(program: Program): string {
  const list = (of: readonly Signature[]): string =>
    of.map((s) => `${docText(s.name)} ${showShape(s.shape)}`).join(", ");
  return [
    `Puts ${docText(program.name)} on a device: ${list(program.inputs)} → ${list(program.outputs)}.`,
    `It takes ${showCount(program.peakBytes)} bytes of the device's memory for N examples at once.`,
    "",
    `@param weights the bytes of a .safetensors file; without them the parameters get their initial values`,
    `@param device a GPUDevice; without one the browser is asked for it`,
  ].join("\n");
}
