/** Something the palette can do. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly group: string;
  run(): void;
}

/** The commands that contain the letters of `query` in order; starts and whole words before scattered letters, short before long. */
export function rankCommands<C extends { readonly label: string }>(commands: readonly C[], query: string): C[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return [...commands];
  const scored: { command: C; score: number }[] = [];
  for (const command of commands) {
    const score = scoreOf(command.label.toLowerCase(), wanted);
    if (score !== null) scored.push({ command, score });
  }
  scored.sort((a, b) => a.score - b.score || a.command.label.length - b.command.label.length);
  return scored.map(({ command }) => command);
}

/** Lower is better; null when a letter is missing. */
function scoreOf(label: string, wanted: string): number | null {
  const at = label.indexOf(wanted);
  if (at === 0) return 0;
  if (at > 0) return /[^a-z0-9]/.test(label[at - 1] ?? "") ? 1 : 2;
  let from = 0;
  let gaps = 0;
  for (const letter of wanted) {
    const found = label.indexOf(letter, from);
    if (found === -1) return null;
    gaps += found - from;
    from = found + 1;
  }
  return 3 + gaps;
}
