import { HttpClient } from "@vitrine/client";

/** Longer than the 30 s for which the server itself waits by default, so that its reason arrives and not our impatience. */
const timeoutMs = 40_000;

/** The REST interface at this page's own origin; the session cookie goes along by itself. */
export const http = new HttpClient({ baseUrl: "", timeoutMs });
