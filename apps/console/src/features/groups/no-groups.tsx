import { UsersRound } from "lucide-react";
import { useBootstrapServers } from "../../nodes/bootstrap-servers.ts";
import { curl } from "../../rest/curl.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";

/** How a group comes to be: by anything that reads with a group id. */
export function NoGroups({
  group = "billing",
  topic = "orders",
  title,
}: {
  group?: string;
  topic?: string;
  title: string;
}) {
  const servers = useBootstrapServers() || "127.0.0.1:9092";
  return (
    <EmptyState
      icon={UsersRound}
      title={title}
      testId="no-groups"
      action={
        <div className="mt-2 flex w-full flex-col gap-3 text-left">
          <CommandLine
            label="With any Kafka client, here the one that comes with Kafka"
            command={`kafka-console-consumer.sh --bootstrap-server ${servers} --topic ${topic} --group ${group} --from-beginning`}
            testId="no-groups-kafka"
          />
          <CommandLine
            label="With curl: join, then poll"
            command={[
              curl({
                method: "POST",
                path: `/groups/${encodeURIComponent(group)}/members`,
                json: { topics: [topic], member: "m1" },
              }),
              curl({ method: "GET", path: `/groups/${encodeURIComponent(group)}/members/m1/records?wait=20s` }),
            ].join("\n")}
            testId="no-groups-curl"
          />
        </div>
      }
    >
      A group shares the partitions of its topics among its members and remembers how far it has read. It exists as soon
      as a consumer joins it or commits an offset.
    </EmptyState>
  );
}
