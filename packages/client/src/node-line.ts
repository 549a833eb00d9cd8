import type { ViewMessageFrame } from "./live-types.ts";
import { LiveSocket } from "./live-socket.ts";

/** What comes over a line to one broker. */
export interface NodeLineHandlers {
  frame(frame: ViewMessageFrame): void;
  /** Something was heard, a frame or the second's clock. */
  heard(): void;
  down(): void;
}

/** Watches the `node` view of one broker, for the gateway's merge; comes back by itself until closed. */
export function openNodeLine(baseUrl: string, handlers: NodeLineHandlers): { close(): void } {
  const socket = new LiveSocket({ gateways: [baseUrl], client: "vitrine-gateway", transport: "websocket" });
  socket.onStatus((status) => {
    if (status.state === "waiting" || status.state === "refused") handlers.down();
    // A broker has nobody to refuse us for good; whatever stood in the way may be gone in a while.
    if (status.state === "refused") setTimeout(() => socket.retryNow(), REFUSED_MS);
  });
  socket.onClock(() => handlers.heard());
  socket.watch("node", {
    frame(frame) {
      handlers.heard();
      handlers.frame(frame);
    },
  });
  socket.start();
  return { close: () => socket.stop() };
}

const REFUSED_MS = 5_000;
