import { useEffect, useState } from "react";

/** True once `condition` has held for `afterMs`, so that what is only late does not flash. */
export function useLasting(condition: boolean, afterMs: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!condition) {
      setLasting(false);
      return undefined;
    }
    const timer = setTimeout(() => setLasting(true), afterMs);
    return () => clearTimeout(timer);
  }, [condition, afterMs]);
  return condition && lasting;
}
