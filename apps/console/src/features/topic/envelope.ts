/** What the produce form holds, as typed. */
export interface Draft {
  readonly key: string;
  readonly hasKey: boolean;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly kind: "text" | "json" | "tombstone";
  readonly value: string;
  /** Empty: the partitioner decides. */
  readonly partition: string;
}

export const blankDraft: Draft = { key: "", hasKey: false, headers: [], kind: "text", value: "", partition: "" };

export interface DraftErrors {
  readonly value?: string;
  readonly key?: string;
  readonly headers?: string;
}

/** Faults that the server would refuse, with where they are. */
export function checkDraft(draft: Draft): DraftErrors {
  const errors: { value?: string; key?: string; headers?: string } = {};
  if (draft.kind === "json") {
    const fault = jsonFault(draft.value);
    if (fault !== null) errors.value = fault;
  }
  if (draft.kind === "tombstone" && !(draft.hasKey && draft.key !== ""))
    errors.key = "A tombstone deletes a key, so it needs one.";
  if (draft.headers.some(({ name }) => name === "")) errors.headers = "Each header needs a name.";
  return errors;
}

/** Why a text is not JSON; null when it is. */
function jsonFault(text: string): string | null {
  if (text.trim() === "") return "JSON is never empty. Write null for the JSON text null.";
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^JSON\.parse: /, "") : "This is not JSON.";
  }
}

/**
 * The body of `POST /topics/{t}/records` as text. The value is put in as it was typed and never parsed and printed
 * again: 9223372036854775807 keeps all its digits.
 */
export function envelopeText(draft: Draft): string {
  const parts: string[] = [];
  if (draft.hasKey) parts.push(`"key":${JSON.stringify(draft.key)}`);
  const headers = draft.headers.filter(({ name }) => name !== "");
  if (headers.length > 0) parts.push(`"headers":${headersText(headers)}`);
  if (draft.partition !== "") parts.push(`"partition":${Number(draft.partition)}`);
  parts.push(valueText(draft));
  return `{${parts.join(",")}}`;
}

/** An object where names are unique, as people write it; pairs where they repeat, because Kafka allows that. */
function headersText(headers: Draft["headers"]): string {
  const unique = new Set(headers.map(({ name }) => name)).size === headers.length;
  return unique
    ? JSON.stringify(Object.fromEntries(headers.map(({ name, value }) => [name, value])))
    : JSON.stringify(headers.map(({ name, value }) => [name, value]));
}

function valueText(draft: Draft): string {
  switch (draft.kind) {
    case "json":
      // Line breaks between JSON tokens mean nothing; as spaces the body stays one line for curl.
      return `"value":${draft.value.replaceAll(/\r?\n/g, " ").trim()}`;
    case "text":
      return `"value_text":${JSON.stringify(draft.value)}`;
    case "tombstone":
      return `"value":null,"tombstone":true`;
  }
}
