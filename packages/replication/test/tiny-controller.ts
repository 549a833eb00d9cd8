/** A controller of one partition, correct and in memory: decides as `reliability.md` 4.2 says, so that the harness can judge leaders and followers alone. */
import type { ErrorName, NodeId } from "@vitrine/core";
import type { AlterPartitionItem, AlterPartitionOutcome, BrokerLiveness, PartitionAssignment } from "../src/index.ts";

export interface MetadataVersion {
  readonly version: number;
  readonly assignment: PartitionAssignment;
  readonly liveness: ReadonlyMap<NodeId, BrokerLiveness>;
}

export class TinyController {
  /** Every version there ever was, as the metadata log has them. */
  readonly history: MetadataVersion[] = [];
  private nextBrokerEpoch = 100;
  private assignment: PartitionAssignment;
  private readonly brokers = new Map<NodeId, BrokerLiveness>();

  constructor(replicas: readonly NodeId[]) {
    this.assignment = {
      leader: -1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      replicas,
      isr: replicas,
      elr: [],
      leaderRecoveryState: 0,
    };
  }

  get current(): MetadataVersion {
    return { version: this.history.length, assignment: this.assignment, liveness: new Map(this.brokers) };
  }

  /** A new life of a broker; it comes up unfenced. */
  register(id: NodeId): number {
    const epoch = this.nextBrokerEpoch++;
    // A restart nobody noticed: the old life ends here, and with it its leadership.
    if (this.brokers.get(id)?.fenced === false) this.fence(id);
    this.brokers.set(id, { epoch, fenced: false, shuttingDown: false });
    this.elect();
    this.history.push(this.current);
    return epoch;
  }

  fence(id: NodeId): void {
    const broker = this.brokers.get(id);
    if (!broker || broker.fenced) return;
    this.brokers.set(id, { ...broker, fenced: true });
    const { isr, leader } = this.assignment;
    const left = isr.filter((member) => member !== id);
    // The last member stays: nobody else may hold all that is committed.
    if (isr.includes(id)) this.change({ isr: left.length > 0 ? left : isr, ...(leader === id ? { leader: -1 } : {}) });
    this.elect();
    this.history.push(this.current);
  }

  /** Another leader though nobody died: what an operator or a rebalance does. */
  moveLeader(to: NodeId): void {
    if (this.assignment.leader === to || !this.assignment.isr.includes(to) || this.brokers.get(to)?.fenced !== false)
      return;
    this.change({ leader: to });
    this.history.push(this.current);
  }

  alter(sender: NodeId, item: AlterPartitionItem): AlterPartitionOutcome {
    const { assignment } = this;
    const refuse = (error: ErrorName): AlterPartitionOutcome => ({ ok: false, error });
    if (item.leaderEpoch > assignment.leaderEpoch || item.partitionEpoch > assignment.partitionEpoch)
      return refuse("NOT_CONTROLLER");
    if (item.leaderEpoch < assignment.leaderEpoch) return refuse("FENCED_LEADER_EPOCH");
    if (sender !== assignment.leader) return refuse("INVALID_REQUEST");
    if (item.partitionEpoch < assignment.partitionEpoch) return refuse("INVALID_UPDATE_VERSION");
    const members = item.newIsrWithEpochs;
    if (!members.some(({ brokerId }) => brokerId === sender)) return refuse("INVALID_REQUEST");
    const eligible = members.every(({ brokerId, brokerEpoch }) => {
      const broker = this.brokers.get(brokerId);
      return broker && !broker.fenced && !broker.shuttingDown && broker.epoch === brokerEpoch;
    });
    if (!eligible) return refuse("INELIGIBLE_REPLICA");
    this.change({ isr: members.map(({ brokerId }) => brokerId) });
    this.history.push(this.current);
    const { leader, leaderEpoch, isr, partitionEpoch, leaderRecoveryState } = this.assignment;
    return { ok: true, leaderId: leader, leaderEpoch, isr, partitionEpoch, leaderRecoveryState };
  }

  private elect(): void {
    if (this.assignment.leader !== -1) return;
    const leader = this.assignment.isr.find((id) => this.brokers.get(id)?.fenced === false);
    if (leader !== undefined) this.change({ leader });
  }

  private change(to: Partial<PartitionAssignment>): void {
    const before = this.assignment;
    const moved = to.leader !== undefined && to.leader !== before.leader;
    this.assignment = {
      ...before,
      ...to,
      leaderEpoch: before.leaderEpoch + (moved ? 1 : 0),
      partitionEpoch: before.partitionEpoch + 1,
    };
  }
}
