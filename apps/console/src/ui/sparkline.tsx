import { memo } from "react";
import { sparklinePath } from "./sparkline-path.ts";

/** The last minutes of one number as an SVG path; decoration beside the number itself, so hidden from assistive technology. */
export const Sparkline = memo(function Sparkline({
  values,
  width = 96,
  height = 24,
  colour = "var(--g-blue)",
  floor = 0,
}: {
  values: readonly number[] | Float64Array;
  width?: number;
  height?: number;
  colour?: string;
  floor?: number;
}) {
  const line = sparklinePath(values, { width, height, floor });
  return (
    <svg
      aria-hidden
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className="shrink-0 overflow-visible"
    >
      {line !== "" && (
        <>
          <path d={`${line}V${height}H0Z`} fill={colour} opacity={0.12} />
          <path d={line} fill="none" stroke={colour} strokeWidth={1.5} strokeLinejoin="round" />
        </>
      )}
    </svg>
  );
});
