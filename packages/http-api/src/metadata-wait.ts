/** Waiting for metadata to say something, with a deadline: how a face reads its own writes, and how a retry finds the new leader. */
import type { Engine } from "@vitrine/engine";

/** Resolves true once `holds()` does, false at the deadline (milliseconds of performance.now()). */
export function untilMetadata(engine: Engine, holds: () => boolean, deadline: number): Promise<boolean> {
  if (holds()) return Promise.resolve(true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const finish = (held: boolean) => {
    clearTimeout(timer);
    stop();
    resolve(held);
  };
  const timer = setTimeout(() => finish(holds()), Math.max(0, deadline - performance.now()));
  const stop = engine.onMetadata(() => {
    if (holds()) finish(true);
  });
  return promise;
}

/** Resolves at the next change of metadata, or after `waitMs`. */
export function nextMetadata(engine: Engine, waitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const finish = () => {
    clearTimeout(timer);
    stop();
    resolve();
  };
  const timer = setTimeout(finish, Math.max(0, waitMs));
  const stop = engine.onMetadata(finish);
  return promise;
}
