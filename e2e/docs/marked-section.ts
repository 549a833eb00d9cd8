/** Parts of the manual that are written by programs stand between two marks: link reference definitions, which no renderer shows. */
const mark = (edge: "begin" | "end", name: string) => `[${edge}-${name}]: # "generated"`;

/** The page with the part of that name replaced. Throws where the page has no such marks. */
export function replaceSection(page: string, name: string, content: string): string {
  const from = page.indexOf(mark("begin", name));
  const to = page.indexOf(mark("end", name));
  if (from === -1 || to < from)
    throw new Error(`the page has no marks ${mark("begin", name)} and ${mark("end", name)}`);
  return `${page.slice(0, from)}${mark("begin", name)}\n\n${content}\n\n${page.slice(to)}`;
}

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rightFrom = head.length,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at < rightFrom ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
