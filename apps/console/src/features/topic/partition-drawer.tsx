import { partitionColumns } from "@vitrine/api";
import type { PartitionFields, ProducerFields } from "@vitrine/api";
import { useMemo } from "react";
import { formatBytes, formatInteger, formatRate } from "../../format/numbers.ts";
import { formatAge } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useLiveView, usePartitionInfo, useRow } from "../../live/selectors.ts";
import { useBootstrapServers } from "../../nodes/bootstrap-servers.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Drawer } from "../../ui/dialog.tsx";
import { wholeNumber } from "../../url/search.ts";

/** One partition: its positions, and the producers whose sequence numbers its leader remembers. */
export function PartitionDrawer({
  topic,
  wanted,
  onClose,
}: {
  topic: string;
  wanted: string | undefined;
  onClose: () => void;
}) {
  const partition = wholeNumber(wanted, { min: 0, max: 999_999_999 });
  return partition === null ? null : <OpenDrawer topic={topic} partition={partition} onClose={onClose} />;
}

function OpenDrawer({ topic, partition, onClose }: { topic: string; partition: number; onClose: () => void }) {
  const view = `partition:${topic}/${partition}`;
  const ready = useLiveView(view);
  const row = useRow(view, String(partition));
  const info = usePartitionInfo(topic, partition);
  const servers = useBootstrapServers() || "127.0.0.1:9092";
  return (
    <Drawer
      open
      onClose={onClose}
      testId="partition-drawer"
      title={
        <span className="num">
          {topic}-{partition}
        </span>
      }
    >
      {row === undefined ? (
        <p className="text-sm text-ink-2">{ready ? "There is no such partition." : "Waiting for the partition."}</p>
      ) : (
        <div className="flex flex-col gap-5">
          <PartitionFacts fields={partitionColumns.fields(row)} />
          <section aria-labelledby="producers">
            <h3 id="producers" className="mb-1 text-xs font-medium text-ink-3">
              Producers
            </h3>
            <Producers producers={info?.producers} partition={partition} />
          </section>
          <CommandLine
            command={`kafka-transactions.sh --bootstrap-server ${servers} describe-producers --topic ${topic} --partition ${partition}`}
            label="With Kafka's own tool"
          />
        </div>
      )}
    </Drawer>
  );
}

const known = (value: number): number | null => (value < 0 ? null : value);

function PartitionFacts({ fields }: { fields: PartitionFields }) {
  const facts: readonly (readonly [label: string, value: string])[] = [
    ["Leader", fields.leader < 0 ? "none" : `broker ${fields.leader}`],
    ["Leader epoch", formatInteger(fields.epoch)],
    ["Log start", formatInteger(known(fields.log_start))],
    ["High watermark", formatInteger(known(fields.hw))],
    ["Last stable offset", formatInteger(known(fields.lso))],
    ["Log end", formatInteger(known(fields.leo[fields.replicas.indexOf(fields.leader)] ?? -1))],
    ["Size", formatBytes(known(fields.size))],
    ["Records / s", formatRate(fields.in_msgs)],
  ];
  return (
    <dl className="grid grid-cols-[9rem_1fr] gap-x-3 gap-y-1.5 text-sm">
      {facts.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-ink-3">{label}</dt>
          <dd className="live-value num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Producers({ producers, partition }: { producers: readonly ProducerFields[] | undefined; partition: number }) {
  const byId = useMemo(() => new Map((producers ?? []).map((row) => [String(row.producer_id), row])), [producers]);
  const keys = useMemo(() => [...byId.keys()], [byId]);
  const useProducer = useMemo(() => (key: string) => byId.get(key), [byId]);
  if (producers === undefined)
    return <p className="text-sm text-ink-3">The leader of the partition has not told which producers it knows.</p>;
  if (producers.length === 0)
    return (
      <p className="text-sm text-ink-2" data-testid="producer-none">
        None: no idempotent producer has written here lately. A producer without enable.idempotence leaves no trace.
      </p>
    );
  return (
    <div className="overflow-hidden rounded-md border border-line">
      <DataTable
        label={`Producers of partition ${partition}`}
        testId="producer-table"
        columns={columns}
        keys={keys}
        useRow={useProducer}
        rowTestId={(key) => `producer-${key}`}
        height="20rem"
      />
    </div>
  );
}

const columns: readonly Column<ProducerFields>[] = [
  {
    id: "id",
    header: "Producer id",
    min: 72,
    grow: 0.6,
    align: "end",
    cell: (producer) => (
      <span className="font-medium" data-testid={`producer-${producer.producer_id}-id`}>
        {producer.producer_id}
      </span>
    ),
  },
  {
    id: "epoch",
    header: "Epoch",
    min: 44,
    align: "end",
    priority: 1,
    hint: "Rises when a producer of the same transactional id takes over, and fences the older one",
    cell: (producer) => <span data-testid={`producer-${producer.producer_id}-epoch`}>{producer.epoch}</span>,
  },
  {
    id: "sequence",
    header: "Last sequence",
    min: 88,
    grow: 0.6,
    align: "end",
    hint: "Number of its newest record in this partition; the next must be one more",
    cell: (producer) => (
      <span data-testid={`producer-${producer.producer_id}-sequence`}>
        {formatInteger(known(producer.last_sequence))}
      </span>
    ),
  },
  {
    id: "offset",
    header: "Last offset",
    min: 76,
    grow: 0.6,
    align: "end",
    priority: 2,
    cell: (producer) => (
      <span data-testid={`producer-${producer.producer_id}-offset`}>{formatInteger(known(producer.last_offset))}</span>
    ),
  },
  {
    id: "age",
    header: "Last wrote",
    min: 84,
    grow: 0.6,
    align: "end",
    priority: 3,
    cell: (producer) =>
      producer.last_ts < 0 ? "\u2013" : `${formatAge(Math.max(0, serverNow() - producer.last_ts))} ago`,
  },
];
