/** Protocol buffers by the schema, written. */
import protobuf from "protobufjs/minimal.js";
import { MESSAGES, type MessageName, type Written } from "../schema.ts";

const WIRES: Readonly<Record<string, number>> = { int: 0, double: 1, float: 5 };

/** The bytes of a message: fields in the order of the schema, lists not packed. */
export function writeMessage<M extends MessageName>(kind: M, message: Written<M>): Uint8Array<ArrayBuffer> {
  const write = (
    name: MessageName,
    fields: Readonly<Record<string, unknown>>,
    writer: protobuf.Writer,
  ): protobuf.Writer => {
    for (const [field, [id, type, many]] of Object.entries(MESSAGES[name])) {
      const value = fields[field];
      if (value === undefined) continue;
      for (const one of many ? (value as readonly unknown[]) : [value]) {
        writer.uint32((id << 3) | (WIRES[type] ?? 2));
        if (type === "int")
          writer.int64(one as number); // as the types of the schema say, here and below
        else if (type === "float") writer.float(one as number);
        else if (type === "double") writer.double(one as number);
        else if (type === "text") writer.string(one as string);
        else if (type === "bytes") writer.bytes(one as Uint8Array);
        else write(type as MessageName, one as Readonly<Record<string, unknown>>, writer.fork()).ldelim();
      }
    }
    return writer;
  };
  return Uint8Array.from(write(kind, message, protobuf.Writer.create()).finish());
}
