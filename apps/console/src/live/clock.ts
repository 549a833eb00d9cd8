/** Server time minus our wall clock, from the newest frame: ages of server timestamps must not depend on this machine's clock. */
let skewMs = 0;

/** Called with the server's time whenever a frame carries it. */
export function noteServerTime(ts: number, now: number): void {
  skewMs = ts - now;
}

/** The server's wall clock, as far as we can tell. */
export function serverNow(): number {
  return Date.now() + skewMs;
}
