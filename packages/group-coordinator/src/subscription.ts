/**
 * The topics in a member's subscription of the embedded consumer protocol (`ConsumerProtocolSubscription`). Read as version 0, which is the
 * beginning of every version. null: the bytes are something else, as those of Connect or of a client's own protocol may be.
 */
export function subscribedTopicsOf(metadata: Uint8Array): string[] | null {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  if (metadata.length < 6 || view.getInt16(0) < 0) return null;
  const count = view.getInt32(2);
  // Each topic takes two bytes at least.
  if (count < 0 || count * 2 > metadata.length - 6) return null;
  const topics: string[] = [];
  let at = 6;
  for (let left = count; left > 0; left--) {
    if (at + 2 > metadata.length) return null;
    const length = view.getInt16(at);
    at += 2;
    if (length < 0 || at + length > metadata.length) return null;
    // Topic names are ASCII; other bytes name no topic that could exist, and no text is made of them.
    topics.push(String.fromCharCode(...metadata.subarray(at, at + length)));
    at += length;
  }
  return topics;
}
