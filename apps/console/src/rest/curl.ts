/** A request as the curl line that makes it. */
export interface CurlRequest {
  readonly method: string;
  /** Path and query, as the unversioned API has it. */
  readonly path: string;
  readonly json?: unknown;
  /** JSON that is already text: it goes out as it stands, so that no digit changes. */
  readonly jsonText?: string;
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Process control needs the start-up token even on loopback. */
  readonly token?: boolean;
}

/** The line that does the same from a shell, at this page's address. */
export function curl(
  request: CurlRequest,
  origin: string = globalThis.location?.origin ?? "http://127.0.0.1:8080",
): string {
  const json = request.jsonText ?? (request.json === undefined ? undefined : JSON.stringify(request.json));
  const body = json ?? request.data;
  const usual = body === undefined ? "GET" : "POST";
  const parts = ["curl"];
  if (request.method !== usual) parts.push("-X", request.method);
  if (request.token === true) parts.push("-H", '"Authorization: Bearer $T"');
  for (const [name, value] of Object.entries(request.headers ?? {})) parts.push("-H", quote(`${name}: ${value}`));
  if (json !== undefined) parts.push("--json", quote(json));
  else if (request.data !== undefined) parts.push("--data-binary", quote(request.data));
  parts.push(quoteWhereNeeded(`${origin}${request.path}`));
  return parts.join(" ");
}

/** POSIX single quotes: nothing inside is special but the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoteWhereNeeded(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : quote(text);
}
