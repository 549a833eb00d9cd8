/** The frame of pages that the server renders itself: no script, no outside resource, light and dark. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--soft:#5b6570;--line:#d8dee4;--code:#f4f6f8;--link:#0b5cad}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#14171a;--soft:#9aa4ae;--line:#30363d;--code:#1d2126;--link:#7ab8ff}}
body{margin:0 auto;padding:1.5rem;max-width:62rem;font:16px/1.6 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
a{color:var(--link)}nav{border-bottom:1px solid var(--line);padding-bottom:.6rem;margin-bottom:1rem}nav a{margin-right:1rem}
code,pre{font:14px/1.5 ui-monospace,monospace;background:var(--code);border-radius:4px}code{padding:.1em .3em}
pre{padding:.8rem;overflow:auto}pre code{padding:0;background:none}
table{border-collapse:collapse;display:block;overflow:auto}th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
h1,h2,h3{line-height:1.25}h2{margin-top:2rem;border-bottom:1px solid var(--line)}.soft{color:var(--soft)}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;padding:.3rem .8rem}summary{cursor:pointer}
.method{display:inline-block;min-width:4.5rem;font-weight:600}img{max-width:100%}`;

/** A page in the manual's style around `body`; what is a whole document already stays as it is. `nav`: more links, as HTML. */
export function htmlPage(title: string, body: string, nav = ""): string {
  if (body.startsWith("<!doctype")) return body;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} - Vitrine</title><style>${STYLE}</style></head>
<body><nav><a href="/">Console</a><a href="/docs">Manual</a><a href="/docs/api">API</a>${nav}</nav>
<main>${body}</main></body></html>
`;
}
