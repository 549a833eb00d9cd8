import { invariant } from "@vitrine/core";
import type { SnapshotFile } from "@vitrine/log";
import type { SnapshotId } from "./messages.ts";

/** A snapshot on its way in, chunk by chunk. It lives in the follower's state and is forgotten with it. */
export class SnapshotDownload {
  readonly id: SnapshotId;
  #chunks: Uint8Array[] = [];
  #position = 0;
  #sizeBytes: number | null = null;

  constructor(id: SnapshotId) {
    this.id = id;
  }

  /** Where the next chunk begins. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes a chunk. Gives "more", "done", or "restart" when it does not continue what is there (another size or position, nothing new):
   * then the download must begin anew.
   */
  take(chunk: { readonly sizeBytes: number; readonly position: number; readonly bytes: Uint8Array }, maxBytes: number) {
    this.#sizeBytes ??= chunk.sizeBytes;
    if (chunk.sizeBytes !== this.#sizeBytes || chunk.position !== this.#position) return "restart" as const;
    if (chunk.sizeBytes > maxBytes || this.#position + chunk.bytes.length > chunk.sizeBytes) return "restart" as const;
    if (chunk.bytes.length === 0 && this.#position < chunk.sizeBytes) return "restart" as const;
    this.#chunks.push(chunk.bytes.slice());
    this.#position += chunk.bytes.length;
    return this.#position === chunk.sizeBytes ? ("done" as const) : ("more" as const);
  }

  /** The whole; only after `take` said "done". */
  file(): SnapshotFile {
    invariant(this.#position === this.#sizeBytes, "a snapshot was used before it was complete");
    const bytes = new Uint8Array(this.#position);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return { endOffset: this.id.endOffset, epoch: this.id.epoch, bytes };
  }
}
