/**
 * Indents JSON text without parsing it: tokens are copied as they are, so no digit of a number and no escape of a string
 * changes. Text that is not JSON comes out with odd breaks, never with other characters.
 */
export function prettyJson(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let at = 0;
  const newline = () => out.push(`\n${"  ".repeat(depth)}`);
  while (at < text.length) {
    const char = text[at] ?? "";
    if (char === '"') {
      const end = stringEnd(text, at);
      out.push(text.slice(at, end));
      at = end;
      continue;
    }
    if (char === "{" || char === "[") {
      const close = char === "{" ? "}" : "]";
      const next = skipSpace(text, at + 1);
      if (text[next] === close) {
        out.push(char, close);
        at = next + 1;
        continue;
      }
      depth += 1;
      out.push(char);
      newline();
    } else if (char === "}" || char === "]") {
      depth = Math.max(0, depth - 1);
      newline();
      out.push(char);
    } else if (char === ",") {
      out.push(char);
      newline();
    } else if (char === ":") out.push(": ");
    else if (!/\s/.test(char)) out.push(char);
    at += 1;
  }
  return out.join("");
}

function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return Math.min(text.length, at + 1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] ?? "")) at += 1;
  return at;
}
