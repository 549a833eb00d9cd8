import { HttpClient } from "@vitrine/client";

/** The REST interface at this page's own origin; the session cookie goes along by itself. */
export const http = new HttpClient({ baseUrl: "" });
