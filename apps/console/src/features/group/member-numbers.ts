/** Numbers members by which a picture and a table mean the same one. A member keeps its number as long as it is there; a newcomer gets the lowest that is free. */
export class MemberNumbers {
  readonly #numbers = new Map<string, number>();

  /** The present members' numbers, from 1. */
  assign(memberIds: readonly string[]): ReadonlyMap<string, number> {
    const present = new Set(memberIds);
    for (const id of this.#numbers.keys()) if (!present.has(id)) this.#numbers.delete(id);
    const taken = new Set(this.#numbers.values());
    let next = 1;
    for (const id of memberIds) {
      if (this.#numbers.has(id)) continue;
      while (taken.has(next)) next += 1;
      taken.add(next);
      this.#numbers.set(id, next);
    }
    return new Map(this.#numbers);
  }
}

const colours = [
  "var(--g-blue)",
  "var(--g-orange)",
  "var(--g-green)",
  "var(--g-purple)",
  "var(--g-sky)",
  "var(--g-red)",
] as const;

/** The colour of a member's number; they come round after six, the number tells them apart. */
export function memberColour(number: number): string {
  return colours[(number - 1) % colours.length] ?? colours[0];
}
