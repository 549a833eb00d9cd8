/**
 * A classic group: members, generation, leader, and in which state it is (`ClassicGroup.java`).
 *
 * Invariants: the leader is a member, or there are no members; all members have the group's protocol type and one protocol in common;
 * a group instance id belongs to one member; the generation never decreases.
 */
import { invariant, type ErrorName } from "@vitrine/core";
import type { GroupMetadataValue } from "@vitrine/protocol/types";
import { mayFollow, type ClassicGroupState } from "./classic-group-state.ts";
import { metadataFor, voteOf, type ClassicMember, type MemberProtocol } from "./classic-member.ts";
import { subscribedTopicsOf } from "./subscription.ts";

/** The protocol type of consumers; Connect has its own. */
const CONSUMER = "consumer";

export class ClassicGroup {
  readonly groupId: string;
  readonly members = new Map<string, ClassicMember>();
  /** Members that were given an id and asked to join with it (KIP-394). */
  readonly pendingJoins = new Set<string>();
  /** Members of this generation that have not sent SyncGroup (KAFKA-12890). */
  readonly pendingSyncs = new Set<string>();
  /** `group.instance.id` to member id. */
  readonly staticMembers = new Map<string, string>();
  /** Wall clock; null where the group was written by a version that did not say. */
  stateSinceMs: number | null;
  protocolType: string | null = null;
  protocolName: string | null = null;
  generation = 0;
  leaderId: string | null = null;
  /** A member came while the first generation waits for more. */
  newMemberAdded = false;
  /** Whether readers may see it: something about it is committed. */
  isVisible = false;
  #state: ClassicGroupState = "Empty";
  #previous: ClassicGroupState = "Dead";
  /** What the members of this generation read; null = not known. */
  #subscribedTopics: ReadonlySet<string> | null = null;

  constructor(groupId: string, stateSinceMs: number | null) {
    this.groupId = groupId;
    this.stateSinceMs = stateSinceMs;
  }

  /** The group as its last written generation says. Members know only the protocol that was chosen; the rest they say when they join again. */
  static load(groupId: string, value: GroupMetadataValue): ClassicGroup {
    const sinceMs = value.currentStateTimestamp < 0 ? null : value.currentStateTimestamp;
    const group = new ClassicGroup(groupId, sinceMs);
    group.generation = value.generation;
    group.protocolType = value.protocolType || null;
    group.protocolName = value.protocol;
    group.leaderId = value.leader;
    group.isVisible = true;
    for (const member of value.members) {
      group.add({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        protocolType: value.protocolType,
        rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
        sessionTimeoutMs: member.sessionTimeout,
        protocols: [{ name: value.protocol ?? "", metadata: member.subscription }],
        assignment: member.assignment,
        awaitingJoin: null,
        awaitingSync: null,
        isNew: false,
      });
    }
    if (group.members.size > 0) group.#state = "Stable";
    group.#subscribedTopics = group.#readSubscriptions();
    return group;
  }

  get state(): ClassicGroupState {
    return this.#state;
  }

  get previousState(): ClassicGroupState {
    return this.#previous;
  }

  get canRebalance(): boolean {
    return mayFollow(this.#state, "PreparingRebalance");
  }

  transitionTo(state: ClassicGroupState, wallMs: number): void {
    invariant(mayFollow(this.#state, state), `group ${this.groupId} cannot go from ${this.#state} to ${state}`);
    this.#previous = this.#state;
    this.#state = state;
    this.stateSinceMs = wallMs;
  }

  add(member: ClassicMember): void {
    const { memberId, groupInstanceId } = member;
    if (groupInstanceId !== null) {
      invariant(!this.staticMembers.has(groupInstanceId), `instance ${groupInstanceId} is in ${this.groupId} already`);
      this.staticMembers.set(groupInstanceId, memberId);
    }
    if (this.members.size === 0) this.protocolType = member.protocolType;
    this.leaderId ??= memberId;
    this.members.set(memberId, member);
    this.pendingJoins.delete(memberId);
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId);
    this.members.delete(memberId);
    if (member && member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null;
    this.pendingJoins.delete(memberId);
    this.pendingSyncs.delete(memberId);
  }

  /** A static member came back under a new id: it takes the place of the old one (KIP-345). Returns it. */
  replaceStaticMember(old: ClassicMember, newMemberId: string): ClassicMember {
    const member: ClassicMember = {
      ...old,
      memberId: newMemberId,
      awaitingJoin: null,
      awaitingSync: null,
      isNew: false,
    };
    invariant(old.groupInstanceId !== null, `member ${old.memberId} of ${this.groupId} is not static`);
    this.members.delete(old.memberId);
    this.members.set(newMemberId, member);
    this.staticMembers.set(old.groupInstanceId, newMemberId);
    if (this.leaderId === old.memberId) this.leaderId = newMemberId;
    return member;
  }

  /** FENCED_INSTANCE_ID: another member has the instance id. UNKNOWN_MEMBER_ID: there is no such member. */
  checkMember(memberId: string, groupInstanceId: string | null): ErrorName | null {
    if (groupInstanceId !== null) {
      const known = this.staticMembers.get(groupInstanceId);
      if (known === undefined) return "UNKNOWN_MEMBER_ID";
      if (known !== memberId) return "FENCED_INSTANCE_ID";
    }
    return this.members.has(memberId) ? null : "UNKNOWN_MEMBER_ID";
  }

  get awaitingJoinCount(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.awaitingJoin !== null) count += 1;
    return count;
  }

  get hasAllMembersJoined(): boolean {
    return this.pendingJoins.size === 0 && this.awaitingJoinCount === this.members.size;
  }

  /** The longest that any member asked for. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  /** A leader that did not join again is replaced by one who did. False: there is nobody to lead. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId);
    if (!leader) return false;
    if (leader.awaitingJoin !== null) return true;
    for (const member of this.members.values()) {
      if (member.awaitingJoin === null) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** Whether somebody with these protocols could be a member beside the present ones. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state === "Empty") return protocolType !== "" && protocols.length > 0;
    if (this.members.size === 0) return this.protocolType === protocolType && protocols.length > 0;
    const candidates = this.#commonProtocols();
    return this.protocolType === protocolType && protocols.some(({ name }) => candidates.has(name));
  }

  /** The protocol of the next generation: known to all members, most votes, the earliest voted for among equals. */
  selectProtocol(): string {
    const candidates = this.#commonProtocols();
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const vote = voteOf(member, candidates);
      invariant(vote !== null, `member ${member.memberId} of ${this.groupId} knows none of the common protocols`);
      votes.set(vote, (votes.get(vote) ?? 0) + 1);
    }
    const [best] = [...votes].toSorted((a, b) => b[1] - a[1]);
    invariant(best, `group ${this.groupId} has no members to vote`);
    return best[0];
  }

  /** The members that joined are the next generation; without members the group is empty. */
  beginGeneration(wallMs: number): void {
    this.generation += 1;
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null;
    this.#subscribedTopics = this.#readSubscriptions();
    this.transitionTo(this.members.size > 0 ? "CompletingRebalance" : "Empty", wallMs);
    this.pendingSyncs.clear();
  }

  /** Consumers whose subscriptions cannot be read are taken to read everything. */
  isSubscribedTo(topic: string): boolean {
    return this.#subscribedTopics ? this.#subscribedTopics.has(topic) : this.isConsumerGroup;
  }

  get knowsSubscriptions(): boolean {
    return this.#subscribedTopics !== null;
  }

  get isConsumerGroup(): boolean {
    return this.protocolType === CONSUMER;
  }

  #commonProtocols(): ReadonlySet<string> {
    const counts = new Map<string, number>();
    for (const member of this.members.values())
      for (const name of new Set(member.protocols.map((protocol) => protocol.name)))
        counts.set(name, (counts.get(name) ?? 0) + 1);
    return new Set([...counts].flatMap(([name, count]) => (count === this.members.size ? [name] : [])));
  }

  #readSubscriptions(): ReadonlySet<string> | null {
    if (!this.isConsumerGroup) return null;
    if (this.members.size === 0) return new Set();
    if (this.protocolName === null) return null;
    const topics = new Set<string>();
    for (const member of this.members.values()) {
      const subscribed = subscribedTopicsOf(metadataFor(member, this.protocolName));
      if (!subscribed) return null;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }
}
