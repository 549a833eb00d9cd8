import { type ClientFrame, WS_SUBPROTOCOL } from "@vitrine/api";
import { itemSlices } from "./json-slices.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** A WebSocket of the platform, browser or Node. */
export function openWebSocket(baseUrl: string, events: TransportEvents): Transport {
  const url = `${baseUrl.replace(/^http/, "ws")}/v1/ws`;
  const socket = new WebSocket(url, [WS_SUBPROTOCOL]);
  let opened = false;
  let over = false;
  const finish = (code: number, reason: string) => {
    if (over) return;
    over = true;
    events.closed(code, reason, opened);
  };
  socket.addEventListener("open", () => {
    opened = true;
    events.open();
  });
  socket.addEventListener("message", (event) => {
    const data: unknown = event.data;
    if (!over && typeof data === "string") deliver(data, events);
  });
  socket.addEventListener("close", (event) => finish(event.code, event.reason));
  socket.addEventListener("error", () => {
    // In some places a refused connection gives an error and no close.
    if (!opened) finish(1006, "cannot connect");
  });
  return {
    kind: "websocket",
    send(frame: ClientFrame) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close() {
      over = true;
      socket.close();
    },
  };
}

/** Takes a message apart; the message's length is what the server charged, so the first frame of it carries it all. */
function deliver(text: string, events: TransportEvents): void {
  if (!text.startsWith("[")) {
    events.frame(text, text.length);
    return;
  }
  let chars = text.length;
  for (const frame of itemSlices(text, 0)) {
    events.frame(frame, chars);
    chars = 0;
  }
}
