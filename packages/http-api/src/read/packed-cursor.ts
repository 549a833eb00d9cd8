/** The packed form of a cursor, for ids of streams over many partitions: `b:` and base64url of varints (partition, offset, epoch + 1). */
import { type Cursor, isOnTheWire, type Position } from "@vitrine/api";

export function packCursor(positions: Cursor): string {
  const bytes: number[] = [];
  const varint = (value: number) => {
    let rest = value;
    while (rest > 127) {
      bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  };
  for (const [partition, { offset, epoch }] of [...positions].toSorted(([a], [b]) => a - b)) {
    varint(partition);
    varint(offset);
    varint(epoch + 1);
  }
  return `b:${Buffer.from(bytes).toString("base64url")}`;
}

/** Reads a packed cursor; null when the text is not one. */
export function unpackCursor(text: string): Cursor | null {
  if (!/^b:[A-Za-z0-9_-]+$/.test(text)) return null;
  const bytes = Buffer.from(text.slice(2), "base64url");
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    if (!Number.isSafeInteger(value)) return null;
    scale *= 128;
    if (byte < 128) {
      numbers.push(value);
      value = 0;
      scale = 1;
    }
  }
  if (scale !== 1 || numbers.length % 3 !== 0) return null;
  const cursor = new Map<number, Position>();
  for (let i = 0; i < numbers.length; i += 3) {
    const position = { offset: numbers[i + 1]!, epoch: numbers[i + 2]! - 1 };
    if (!isOnTheWire(numbers[i]!, position)) return null;
    cursor.set(numbers[i]!, position);
  }
  return cursor;
}
