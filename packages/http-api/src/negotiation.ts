/** Accept: which of the types a route offers the caller gets. A type named in the header wins, then `?accept=`, then wildcards; else 406. */
import { httpProblem } from "@vitrine/api";
import { refuse } from "./error-reply.ts";

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** One of `offered` (the first is the default). */
export function negotiate<Type extends string>(
  header: string | undefined,
  override: string | undefined,
  offered: readonly Type[],
): Type {
  const ranges = parseAccept(header ?? "*/*");
  const named = best(
    ranges.filter((range) => !range.type.endsWith("/*")),
    offered,
  );
  if (named !== undefined) return named;
  if (override !== undefined) {
    const asked = best(parseAccept(override), offered);
    if (asked !== undefined) return asked;
  } else {
    const wild = best(
      ranges.filter((range) => range.type.endsWith("/*")),
      offered,
    );
    if (wild !== undefined) return wild;
  }
  return refuse(
    httpProblem({
      status: 406,
      slug: "not-acceptable",
      title: "Not acceptable",
      detail: `this path answers with ${offered.join(", ")}; asked for was ${JSON.stringify((override ?? header ?? "").slice(0, 200))}`,
    }),
  );
}

function parseAccept(header: string): Range[] {
  return header
    .toLowerCase()
    .split(",")
    .slice(0, 32)
    .map((part) => {
      const [type, ...parameters] = part.split(";").map((piece) => piece.trim());
      const q = parameters.map((piece) => /^q=([\d.]+)$/.exec(piece)?.[1]).find((value) => value !== undefined);
      return { type: type ?? "", quality: q === undefined ? 1 : Number(q) };
    })
    .filter((range) => range.type !== "" && range.quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
}

function best<Type extends string>(ranges: readonly Range[], offered: readonly Type[]): Type | undefined {
  for (const { type } of ranges) {
    const found = offered.find(
      (offer) => type === "*/*" || offer === type || (type.endsWith("/*") && offer.startsWith(type.slice(0, -1))),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
