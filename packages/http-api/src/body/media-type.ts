/** A Content-Type header, as far as routes decide by it. */
export interface MediaType {
  /** Lower case, without parameters; "" when there is none. */
  readonly name: string;
  readonly charset: string | null;
}

export function mediaType(header: string | undefined): MediaType {
  if (header === undefined) return { name: "", charset: null };
  const [name, ...parameters] = header.split(";");
  const charset = parameters
    .map((part) => /^\s*charset="?([^"]+)"?\s*$/i.exec(part)?.[1])
    .find((value) => value !== undefined);
  return { name: name!.trim().toLowerCase(), charset: charset?.toLowerCase() ?? null };
}
