/// <reference types="node" />
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("theme.css", import.meta.url), "utf8");

function tokens(selector: string): Map<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf("}", start));
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/gi)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const texts = ["ink", "ink-2", "ink-3", "accent", "good", "warn", "bad", "note"];
const grounds = ["ground", "surface", "raised", "hover", "selected"];
const graphics = ["g-blue", "g-green", "g-orange", "g-red", "g-purple", "g-sky"];

describe.each([
  ["light", ":root"],
  ["dark", ':root[data-theme="dark"]'],
])("the %s theme", (_, selector) => {
  const theme = tokens(selector);
  const value = (name: string) => theme.get(name) ?? "#000000";
  test("text reaches 4.5:1 on every ground (WCAG 1.4.3)", () => {
    const low = texts.flatMap((text) =>
      grounds.flatMap((ground) =>
        contrast(value(text), value(ground)) < 4.5
          ? [`${text} on ${ground}: ${contrast(value(text), value(ground)).toFixed(2)}`]
          : [],
      ),
    );
    expect(low).toEqual([]);
  });
  test("tinted text reaches 4.5:1 on its own tint, buttons on their fill", () => {
    const low = ["good", "warn", "bad", "note", "accent"].flatMap((tone) =>
      contrast(value(tone), value(`${tone}-soft`)) < 4.5 ? [tone] : [],
    );
    expect(low).toEqual([]);
    expect(contrast(value("accent-ink"), value("accent"))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(value("surface"), value("bad"))).toBeGreaterThanOrEqual(4.5);
  });
  test("graphics reach 3:1 on the surface (WCAG 1.4.11)", () => {
    const low = graphics.flatMap((name) =>
      contrast(value(name), value("surface")) < 3
        ? [`${name}: ${contrast(value(name), value("surface")).toFixed(2)}`]
        : [],
    );
    expect(low).toEqual([]);
  });
});
