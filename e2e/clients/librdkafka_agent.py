"""librdkafka as an agent (agent.ts), through the Python package confluent-kafka: python librdkafka_agent.py BOOTSTRAP_SERVERS."""
import concurrent.futures
import json
import queue
import sys
import threading
import time
import uuid

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka import OFFSET_BEGINNING, IsolationLevel
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic
from confluent_kafka.admin import OffsetSpec

SERVERS = sys.argv[1]
OUTPUT = threading.Lock()
TIMEOUT_S = 30


def say(message):
    with OUTPUT:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def base(**settings):
    names = {name.replace("_", "."): value for name, value in settings.items()}
    return {"bootstrap.servers": SERVERS, "client.id": "librdkafka", "reconnect.backoff.max.ms": 500, **names}


admin = AdminClient(base())


def only(futures):
    return next(iter(futures.values())).result(TIMEOUT_S)


def read_record(message):
    def text(value):
        return None if value is None else value.decode()

    headers = {name: text(value) or "" for name, value in message.headers() or []}
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "timestampMs": message.timestamp()[1],
        "key": text(message.key()),
        "value": text(message.value()),
        "headers": headers,
    }


def partitions_of(topic):
    found = admin.list_topics(topic, timeout=TIMEOUT_S).topics[topic]
    return [TopicPartition(topic, partition) for partition in sorted(found.partitions)]


def create_topic(topic, partitions, replication, configs=None):
    only(admin.create_topics([NewTopic(topic, partitions, replication, config=configs or {})]))


def delete_topic(topic):
    only(admin.delete_topics([topic]))


def create_partitions(topic, count):
    only(admin.create_partitions([NewPartitions(topic, count)]))


def topics():
    return list(admin.list_topics(timeout=TIMEOUT_S).topics)


def topic_config(topic):
    entries = only(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))
    return {name: entry.value for name, entry in entries.items()}


def set_topic_config(topic, configs):
    set_one = AlterConfigOpType.SET
    entries = [ConfigEntry(name, value, incremental_operation=set_one) for name, value in configs.items()]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    only(admin.incremental_alter_configs([resource]))


def delete_records(topic, partition, before):
    only(admin.delete_records([TopicPartition(topic, partition, before)]))


def offsets(topic):
    def at(spec):
        futures = admin.list_offsets({tp: spec for tp in partitions_of(topic)})
        return {tp.partition: future.result(TIMEOUT_S).offset for tp, future in futures.items()}

    low, high = at(OffsetSpec.earliest()), at(OffsetSpec.latest())
    return [{"partition": p, "low": low[p], "high": high[p]} for p in sorted(low)]


def groups():
    return [group.group_id for group in admin.list_consumer_groups().result(TIMEOUT_S).valid]


def describe_group(group):
    described = only(admin.describe_consumer_groups([group]))
    members = [{"instanceId": m.group_instance_id, "clientId": m.client_id} for m in described.members]
    return {"state": described.state.name.lower().replace("_", ""), "members": members}


def committed(group, topic):
    result = only(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    found = [tp for tp in result.topic_partitions if tp.topic == topic and tp.offset >= 0]
    return [{"partition": tp.partition, "offset": tp.offset, "metadata": tp.metadata or ""} for tp in found]


def delete_group(group):
    only(admin.delete_consumer_groups([group]))


def produce(topic, records, codec, messageBytesMax=1_000_000):
    producer = Producer(
        base(acks="all", compression_type=codec, partitioner="murmur2_random", message_max_bytes=messageBytesMax)
    )
    failed = []
    for record in records:
        place = {"partition": record["partition"]} if "partition" in record else {}
        producer.produce(
            topic,
            key=record["key"],
            value=record["value"],
            headers=list(record.get("headers", {}).items()),
            timestamp=record.get("timestampMs", 0),
            on_delivery=lambda error, _: failed.append(str(error)) if error else None,
            **place,
        )
    left = producer.flush(TIMEOUT_S)
    if failed or left:
        raise RuntimeError(f"{left} not sent, {failed}")


def read(topic, count, fromMs=None, messageBytesMax=1 << 20):
    consumer = Consumer(
        base(
            group_id=f"read-{uuid.uuid4()}",
            enable_auto_commit=False,
            auto_offset_reset="error",
            fetch_message_max_bytes=messageBytesMax,
            fetch_wait_max_ms=100,
        )
    )
    if fromMs is None:
        starts = [TopicPartition(topic, tp.partition, OFFSET_BEGINNING) for tp in partitions_of(topic)]
    else:
        asked = [TopicPartition(topic, tp.partition, fromMs) for tp in partitions_of(topic)]
        starts = consumer.offsets_for_times(asked, timeout=TIMEOUT_S)
    consumer.assign(starts)
    records = []
    while len(records) < count:
        message = consumer.poll(TIMEOUT_S)
        if message is None:
            raise RuntimeError(f"only {len(records)} of {count} records came")
        if message.error():
            raise KafkaException(message.error())
        records.append(read_record(message))
    consumer.close()
    return records


finishing = threading.Event()


def finish():
    finishing.set()


def sequence(topic, more):
    failed, sent = [], [0]

    def report(error, _):
        if error:
            failed.append(str(error))
            return
        sent[0] += 1
        if sent[0] % 10 == 0:
            say({"event": "sent", "count": sent[0]})

    producer = Producer(
        base(enable_idempotence=True, linger_ms=0, batch_num_messages=10, retry_backoff_ms=50, message_timeout_ms=60000)
    )
    count, left = 0, more
    while left > 0:
        for _ in range(10):
            producer.produce(topic, partition=0, value=str(count), on_delivery=report)
            count += 1
        producer.poll(0)
        time.sleep(0.005)
        left -= 10 if finishing.is_set() else 0
    unsent = producer.flush(60)
    if failed or unsent:
        raise RuntimeError(f"{unsent} not sent, {failed[:3]}")
    return {"count": count}


class Member:
    def __init__(self, group, topic, sessionTimeoutMs, autoCommit, instanceId=None, maxPollIntervalMs=None):
        static = {} if instanceId is None else {"group_instance_id": instanceId}
        self.consumer = Consumer(
            base(
                group_id=group,
                session_timeout_ms=sessionTimeoutMs,
                heartbeat_interval_ms=300,
                max_poll_interval_ms=maxPollIntervalMs or max(10_000, sessionTimeoutMs),
                topic_metadata_refresh_interval_ms=1_000,
                fetch_wait_max_ms=200,
                auto_offset_reset="earliest",
                enable_auto_commit=autoCommit,
                auto_commit_interval_ms=300,
                **static,
            )
        )
        self.stopping = False
        self.stalled = False
        # Work for the thread that polls: a consumer belongs to one thread.
        self.work = queue.Queue()
        self.consumer.subscribe([topic], on_assign=lambda _, assigned: self.tell(assigned))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def tell(self, assigned):
        say({"event": "assigned", "partitions": [tp.partition for tp in assigned]})

    def run(self):
        while not self.stopping:
            while not self.work.empty():
                self.work.get()()
            if self.stalled:
                time.sleep(0.05)
                continue
            message = self.consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                sys.stderr.write(f"{message.error()}\n")
                sys.stderr.flush()
                continue
            say({"event": "record", "record": read_record(message)})

    def leave(self):
        self.stopping = True
        self.thread.join()
        self.consumer.close()


member = None


def join(**args):
    global member
    member = Member(**args)


def commit(offsets):
    asked = [TopicPartition(o["topic"], o["partition"], o["offset"], metadata=o["metadata"]) for o in offsets]
    committed = concurrent.futures.Future()

    def commit_now():
        try:
            committed.set_result(member.consumer.commit(offsets=asked, asynchronous=False))
        except Exception as error:
            committed.set_exception(error)

    member.work.put(commit_now)
    for tp in committed.result(TIMEOUT_S):
        if tp.error:
            raise KafkaException(tp.error)


def stall(stalled):
    member.stalled = stalled


def leave():
    global member
    member.leave()
    member = None


HANDLERS = {
    "createTopic": create_topic,
    "deleteTopic": delete_topic,
    "createPartitions": create_partitions,
    "topics": topics,
    "topicConfig": topic_config,
    "setTopicConfig": set_topic_config,
    "deleteRecords": delete_records,
    "offsets": offsets,
    "groups": groups,
    "describeGroup": describe_group,
    "committed": committed,
    "deleteGroup": delete_group,
    "produce": produce,
    "read": read,
    "sequence": sequence,
    "finish": finish,
    "join": join,
    "commit": commit,
    "stall": lambda: stall(True),
    "resume": lambda: stall(False),
    "leave": leave,
}


def answer(request):
    try:
        handler = HANDLERS.get(request["op"])
        if handler is None:
            raise RuntimeError(f"this client has no {request['op']}")
        result = handler(**request["args"])
        say({"id": request["id"], "result": {} if result is None else result})
    except Exception as error:
        say({"id": request["id"], "error": f"{type(error).__name__}: {error}"})


for line in sys.stdin:
    threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
