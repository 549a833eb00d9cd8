/**
 * Finds the members of a JSON text without parsing their values, so that a record's value keeps the digits it was produced with.
 * The text must be valid JSON, as a server of ours sends it; on anything else the result is undefined but it always ends.
 */

/** Members of the object that begins at `at`: name to the raw text of the value. */
export function memberSlices(text: string, at: number): Map<string, string> {
  const members = new Map<string, string>();
  let i = skipSpace(text, at) + 1;
  while (i < text.length) {
    i = skipSpace(text, i);
    if (text[i] !== '"') break;
    const nameEnd = skipValue(text, i);
    const name = JSON.parse(text.slice(i, nameEnd)) as string;
    const from = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const to = skipValue(text, from);
    members.set(name, text.slice(from, to));
    i = skipSpace(text, to);
    if (text[i] !== ",") break;
    i++;
  }
  return members;
}

/** Raw texts of the items of the array that begins at `at`. */
export function itemSlices(text: string, at: number): string[] {
  const items: string[] = [];
  let i = skipSpace(text, skipSpace(text, at) + 1);
  while (i < text.length && text[i] !== "]") {
    const to = skipValue(text, i);
    items.push(text.slice(i, to));
    i = skipSpace(text, to);
    if (text[i] !== ",") break;
    i = skipSpace(text, i + 1);
  }
  return items;
}

/** Index after the value that begins at `at`; always beyond `at`. */
function skipValue(text: string, at: number): number {
  if (text[at] === '"') return skipString(text, at);
  if (text[at] === "{" || text[at] === "[") return skipNested(text, at);
  let i = at + 1;
  while (i < text.length && !/[,\]}\s]/.test(text[i]!)) i++;
  return i;
}

function skipString(text: string, at: number): number {
  let i = at + 1;
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    i = quote + 1;
  }
}

function skipNested(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      i = skipString(text, i);
      continue;
    }
    if (code === 123 || code === 91) depth++;
    else if ((code === 125 || code === 93) && --depth === 0) return i + 1;
    i++;
  }
  return i;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && text.charCodeAt(i) <= 32) i++;
  return i;
}
