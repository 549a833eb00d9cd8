/** A member of a classic group, as the coordinator knows it. */
import type { Token } from "./coordinator-types.ts";

export interface MemberProtocol {
  readonly name: string;
  /** Opaque to the coordinator. */
  readonly metadata: Uint8Array;
}

export interface ClassicMember {
  readonly memberId: string;
  /** `group.instance.id`; null = a dynamic member. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In the member's order of preference. */
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** Its JoinGroup that waits for the others; null = none. */
  awaitingJoin: Token | null;
  /** Its SyncGroup that waits for the leader's assignment; null = none. */
  awaitingSync: Token | null;
  /** Joined and not yet told so: its session is not counted, only its join's own time limit. */
  isNew: boolean;
}

export const NO_ASSIGNMENT = new Uint8Array(0);

/** The subscription for a protocol; empty where the member does not know it. */
export function metadataFor(member: ClassicMember, protocolName: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_ASSIGNMENT;
}

/** The member's first choice among the candidates; null = it knows none of them. */
export function voteOf(member: ClassicMember, candidates: ReadonlySet<string>): string | null {
  return member.protocols.find(({ name }) => candidates.has(name))?.name ?? null;
}

/** Whether a JoinGroup says what the member said before, in the same order. */
export function saysTheSame(member: ClassicMember, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(({ name, metadata }, at) => {
      const other = protocols[at]!;
      return name === other.name && sameBytes(metadata, other.metadata);
    })
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
