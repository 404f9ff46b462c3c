/**
 * Protocol buffers by the schema. protobufjs reads numbers, texts and lengths, and checks each against the bytes that there are;
 * its parser of schemas, which writes code that many pages forbid to run, is not needed.
 *
 * Memory is bounded by the file: bytes are views of it, a list grows by what has been read, not by what a length promises, and
 * messages are counted, since an empty one takes two bytes in a file and a hundred in memory.
 */
import protobuf from "protobufjs/minimal.js";
import { UserError } from "../errors.ts";
import { MESSAGES, type Message, type MessageName } from "./schema.ts";

/** More than the largest models have: a hundred thousand nodes of ten attributes each. */
const MOST_MESSAGES = 2_000_000;
/** Graphs within graphs, and what else contains itself. */
const DEEPEST = 40;

type Fields = { [name: string]: unknown };
type Reader = protobuf.Reader;

/** @throws UserError for bytes that are no message of that kind */
export function readMessage<M extends MessageName>(kind: M, bytes: Uint8Array): Message<M> {
  let left = MOST_MESSAGES;
  const read = (name: MessageName, reader: Reader, depth: number, into: Fields): Fields => {
    if (--left < 0) throw new RangeError(`more than ${MOST_MESSAGES} messages`);
    if (depth > DEEPEST) throw new RangeError(`messages lie ${DEEPEST} deep in each other`);
    const fields = numbered(name);
    for (const { field, many } of fields.values()) if (many) into[field] ??= [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const wire = tag & 7;
      const known = fields.get(tag >>> 3);
      if (!known) {
        skip(reader, wire);
        continue;
      }
      const { field, type, many } = known;
      const numeric = type === "int" || type === "float" || type === "double";
      if (numeric && many && wire === 2) {
        const list = into[field] as unknown[]; // made above
        const packed = protobuf.Reader.create(reader.bytes());
        while (packed.pos < packed.len) list.push(plain(type, packed));
        continue;
      }
      if (wire !== WIRES[type as keyof typeof WIRES] && (numeric || wire !== 2))
        throw new RangeError(`field ${field} of ${name} has wire type ${wire}`);
      const last = many ? undefined : into[field];
      const value =
        type in MESSAGES
          ? read(
              type as MessageName, // it is one of them
              protobuf.Reader.create(reader.bytes()),
              depth + 1,
              (last as Fields | undefined) ?? {}, // a message that comes twice is one, as protocol buffers have it
            )
          : plain(type as Plain, reader);
      if (many) (into[field] as unknown[]).push(value);
      else into[field] = value;
    }
    return into;
  };
  try {
    return read(kind, protobuf.Reader.create(plainView(bytes)), 0, {}) as Message<M>; // as the schema says
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UserError({
      problem: `this is no ONNX file, or it is damaged: ${error.message}`,
      rule: "an ONNX file is a ModelProto in protocol buffers",
      fix: "the file as it was exported; is it truncated, or a pointer of Git LFS?",
    });
  }
}

/** As protobufjs takes it in Node and in pages alike: no `Buffer`, whose texts it would read by another way. */
const plainView = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Plain = "int" | "float" | "double" | "text" | "bytes";
const WIRES = { int: 0, double: 1, float: 5 } as const;

function plain(type: Plain, reader: Reader): unknown {
  switch (type) {
    case "int": {
      const value = reader.int64();
      return typeof value === "number" ? value : value.high * 2 ** 32 + (value.low >>> 0);
    }
    case "float":
      return reader.float();
    case "double":
      return reader.double();
    case "text":
      return reader.string();
    case "bytes":
      return reader.bytes();
  }
}

function skip(reader: Reader, wire: number): void {
  if (wire === 0) reader.int64();
  else if (wire === 1) reader.skip(8);
  else if (wire === 2) reader.bytes();
  else if (wire === 5) reader.skip(4);
  else throw new RangeError(`wire type ${wire} at byte ${reader.pos}`); // groups, which ONNX has none of
}

interface Numbered {
  readonly field: string;
  readonly type: string;
  readonly many: boolean;
}
const byNumber = new Map<MessageName, ReadonlyMap<number, Numbered>>();

function numbered(name: MessageName): ReadonlyMap<number, Numbered> {
  const known = byNumber.get(name);
  if (known) return known;
  const made = new Map(
    Object.entries(MESSAGES[name]).map(([field, [id, type, many]]) => [
      id,
      { field, type, many: many === "many" },
    ]),
  );
  byNumber.set(name, made);
  return made;
}
