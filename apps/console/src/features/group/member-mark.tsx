import { memberColour } from "./member-numbers.ts";

/** A member's number on its colour's edge; the same mark in the list of members, the picture and the table. */
export function MemberMark({ number }: { number: number }) {
  return (
    <span
      className="inline-grid h-5 min-w-5 place-items-center rounded border-2 bg-surface px-0.5 text-2xs leading-none font-semibold text-ink num"
      style={{ borderColor: memberColour(number) }}
    >
      {number}
    </span>
  );
}
