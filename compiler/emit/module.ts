/**
 * The typed module of a compiled model: what it takes, what it gives and what its weights are, as types, around the
 * bundle. The bundle's own declarations refer to this module, so that both have the same types.
 */
import { Project, type SourceFile, ts, VariableDeclarationKind } from "ts-morph";
import type { ParamSpec, Program, Signature } from "../../contract/program.ts";
import { showShape } from "../../contract/shapes.ts";
import type { DType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import { showCount } from "../ir/type.ts";
import { docText, literal, MADE_BY, propertyName } from "./names.ts";

/** The module as source, as JavaScript and as declarations. It needs the bundle and nothing else. */
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

/** `bundle` is the name of the bundle's file, beside the module. */
export function typedModule(program: Program, bundle: string): TypedModule {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true, // everything exported is annotated, so nothing is inferred from libraries
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, declaration: true },
  });
  const file = project.createSourceFile("/module.ts", "");
  writeModule(file, program, bundle);
  const emitted = project.emitToMemory().getFiles();
  const first = `// ${docText(program.name)}, ${MADE_BY}: \`weft compile\` writes this file anew.\n`;
  const text = (suffix: string): string =>
    must(
      emitted.find((f) => f.filePath === `/module${suffix}`),
      `emitted module${suffix}`,
    ).text;
  return { ts: first + file.getFullText(), js: first + text(".js"), dts: first + text(".d.ts") };
}

function writeModule(file: SourceFile, program: Program, bundle: string): void {
  file.addImportDeclaration({ moduleSpecifier: `./${bundle}`, namespaceImport: "bundle" });
  writeTypes(file, program);
  const constant = (name: string, type: string, docs: string[]): void => {
    file.addVariableStatement({
      isExported: true,
      declarationKind: VariableDeclarationKind.Const,
      docs,
      declarations: [{ name, type, initializer: `bundle.${name}` }],
    });
  };
  constant("name", literal(program.name), ["The model's name."]);
  constant("parameters", "Parameters", ["The shape of every parameter."]);
  file.addFunction({
    isExported: true,
    name: "load",
    docs: [loadDoc(program)],
    parameters: [
      { name: "weights", type: "Weights", hasQuestionToken: true },
      { name: "device", type: "Device", hasQuestionToken: true },
    ],
    returnType: "Promise<Session>",
    statements: "return bundle.load(weights, device);",
  });
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    declarations: [
      {
        name: "model",
        type: "{ readonly name: typeof name; readonly parameters: Parameters; readonly load: typeof load }",
        initializer: "{ name, parameters, load }",
      },
    ],
  });
  file.addExportAssignment({ expression: "model", isExportEquals: false });
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
  const { sizes = [] } = program;
  const several = [
    "What the model takes. N is the batch size: any number of examples at once.",
    ...sizes.map(({ name, max }) => `${name} is what the shapes say, from 1 to ${max}.`),
  ].join(" ");
  file.addInterface({
    isExported: true,
    name: "Inputs",
    docs: [several],
    properties: program.inputs.map((s) => ({
      ...property(s),
      type: s.shape.some((d) => sizes.some(({ name }) => name === d))
        ? tensorType(s)
        : `${ARRAYS[s.dtype]} | ${tensorType(s)}`,
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
    properties: [
      {
        name: "runsOn",
        isReadonly: true,
        type: '{ readonly kind: "webgpu" | "wasm"; readonly threads?: number; readonly text: string } | undefined',
        docs: [
          "What it runs on, in a line as `WebAssembly, 8 threads`; the line is empty where a page's GPU says nothing of itself.",
        ],
      },
    ],
    methods: [
      {
        name: "run",
        docs: ["Computes the outputs, for any number of examples at once."],
        parameters: [{ name: "inputs", type: "Inputs" }],
        returnType: "Promise<Outputs>",
      },
      {
        name: "reload",
        docs: ["Moves to another device, or to a new one after the old one was lost."],
        parameters: [{ name: "device", type: "Device", hasQuestionToken: true }],
        returnType: "Promise<void>",
      },
      {
        name: "destroy",
        docs: ["Frees the GPU's memory now rather than when the session is garbage-collected."],
        returnType: "void",
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

function shapeType(shape: Signature["shape"]): string {
  const labels = shape.some((d) => typeof d === "string"); // a tuple has a label for every element or for none
  return `readonly [${shape
    .map((d, i) => (typeof d === "string" ? `${d}: number` : labels ? `d${i}: ${d}` : `${d}`))
    .join(", ")}]`;
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
