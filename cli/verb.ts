/** What a verb of the command is made of: `weft VERB`. Each has a file in `verbs/`. */
import type { Command } from "commander";
import type { Dims } from "../compiler/onnx/index.ts";
import type { Ui, UiOptions } from "./ui.ts";

/** What every verb may be asked for, as far as it prints anything in more than one way. */
export interface OutputOptions extends UiOptions {
  readonly format: string;
}

/** What every verb that takes a model may be asked for. */
export interface ModelVerbOptions extends OutputOptions {
  /** Sizes that an ONNX file leaves open. */
  readonly dim?: Dims;
}

/** What a verb is run with, besides what it is given. */
export interface Context {
  readonly ui: Ui;
  /** The whole command with every verb's options, as a shell that completes it has to know them. */
  readonly whole: () => Promise<Command>;
}

/** An exit code; none is 0, it worked. */
export type Exit = Promise<number | undefined> | Promise<void>;

export interface Verb<Given, Options> {
  /** Adds the options that are the verb's own. */
  readonly options?: (command: Command) => unknown;
  /** What follows the options on the help page. */
  readonly help: string;
  /** @param given the verb's argument; undefined where it may be left out and was */
  readonly run: (given: Given, options: Options, context: Context) => Exit;
}

/** Where a verb is to be run: it says when its command line has been read, and leaves the rest to others. */
export type Start = (command: Command, run: (context: Context) => Exit) => Promise<void>;

/** Completes the command that the list of verbs began. */
export type Define = (command: Command, start: Start) => void;

export function verb<Given, Options>({ options, help, run }: Verb<Given, Options>): Define {
  return (command, start) => {
    options?.(command);
    command.addHelpText("after", help).action(() => {
      const asked = command.opts() as Options; // what commander makes of `options` and of those of all verbs
      return start(command, (context) => run(command.processedArgs[0], asked, context));
    });
  };
}

export type Example = readonly [command: string, meaning: string];

/** The examples at the end of a help page. */
export function examples(list: readonly Example[]): string {
  return `\nExamples:\n${list.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`).join("\n")}`;
}
