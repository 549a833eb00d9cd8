/** A page of the manual: Markdown to HTML. Raw HTML in the source is shown as text, links leave only to http(s) and to other pages. */
import { Marked } from "marked";
import { escapeHtml, htmlPage } from "./html.ts";

export function manualPage(name: string, markdown: string, pages: readonly { name: string; title: string }[]): string {
  const used = new Map<string, number>();
  const marked = new Marked({
    gfm: true,
    renderer: {
      html: ({ text }) => escapeHtml(text),
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const id = uniqueSlug(html, used);
        return `<h${depth} id="${id}">${html}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(safeLink(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image: ({ href, text }) => `<img src="${escapeHtml(safeLink(href))}" alt="${escapeHtml(text)}">`,
    },
  });
  const body = marked.parse(markdown, { async: false });
  const links = pages.map(
    (page) =>
      `<a href="/docs/${page.name}"${page.name === name ? ' aria-current="page"' : ""}>${escapeHtml(page.title)}</a>`,
  );
  return htmlPage(pages.find((page) => page.name === name)?.title ?? "Manual", body, links.join(""));
}

/** `other.md` becomes /docs/other; what is neither a page, an anchor nor http(s) becomes a link to nowhere. */
function safeLink(href: string): string {
  const page = /^(?:\.\/)?([a-z0-9-]+)\.md(#[\w-]*)?$/.exec(href);
  if (page !== null) return `/docs/${page[1]}${page[2] ?? ""}`;
  if (/^(?:\.\/)?[\w-]+\.(?:png|jpg|svg|webp)$/.test(href)) return `/docs/${href.replace("./", "")}`;
  return /^(?:https?:\/\/|\/(?!\/)|#)/.test(href) ? href : "#";
}

function uniqueSlug(html: string, used: Map<string, number>): string {
  const slug =
    html
      .replace(/<[^>]+>|&[#\w]+;/g, "")
      .toLowerCase()
      .replace(/[^\w]+/g, "-")
      .replace(/^-|-$/g, "") || "section";
  const count = used.get(slug) ?? 0;
  used.set(slug, count + 1);
  return count === 0 ? slug : `${slug}-${count}`;
}
