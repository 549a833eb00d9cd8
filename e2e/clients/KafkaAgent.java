import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Apache Kafka's Java client as an agent (agent.ts): java -cp lib/*:classes KafkaAgent BOOTSTRAP_SERVERS. */
public class KafkaAgent {
  static final ObjectMapper JSON = new ObjectMapper();
  static final PrintStream OUT = System.out;
  static String servers;
  static Admin admin;
  static Member member;
  static volatile boolean finishing;

  static synchronized void say(Map<String, ?> message) {
    try {
      OUT.println(JSON.writeValueAsString(message));
      OUT.flush();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  static Properties base(Object... more) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", servers);
    settings.put("client.id", "java");
    settings.put("reconnect.backoff.max.ms", "500");
    for (int i = 0; i < more.length; i += 2) settings.put(more[i], String.valueOf(more[i + 1]));
    return settings;
  }

  static KafkaConsumer<String, String> consumer(Object... more) {
    return new KafkaConsumer<>(base(more), new StringDeserializer(), new StringDeserializer());
  }

  static KafkaProducer<String, String> producer(Object... more) {
    return new KafkaProducer<>(base(more), new StringSerializer(), new StringSerializer());
  }

  static Map<String, Object> map(Object... entries) {
    Map<String, Object> result = new LinkedHashMap<>();
    for (int i = 0; i < entries.length; i += 2) result.put((String) entries[i], entries[i + 1]);
    return result;
  }

  static Map<String, String> texts(JsonNode node) {
    Map<String, String> result = new LinkedHashMap<>();
    if (node != null) node.fields().forEachRemaining(field -> result.put(field.getKey(), field.getValue().asText()));
    return result;
  }

  static Map<String, Object> readRecord(ConsumerRecord<String, String> record) {
    Map<String, String> headers = new LinkedHashMap<>();
    record.headers().forEach(header -> headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    return map("partition", record.partition(), "offset", record.offset(), "timestampMs", record.timestamp(),
        "key", record.key(), "value", record.value(), "headers", headers);
  }

  static Object answer(String op, JsonNode args) throws Exception {
    String topic = args.path("topic").asText(null);
    String group = args.path("group").asText(null);
    switch (op) {
      case "createTopic": {
        NewTopic wanted = new NewTopic(topic, args.get("partitions").asInt(), (short) args.get("replication").asInt());
        admin.createTopics(List.of(wanted.configs(texts(args.get("configs"))))).all().get();
        return map();
      }
      case "deleteTopic":
        admin.deleteTopics(List.of(topic)).all().get();
        return map();
      case "createPartitions":
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(args.get("count").asInt()))).all().get();
        return map();
      case "topics":
        return admin.listTopics().names().get();
      case "topicConfig": {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Map<String, String> values = new TreeMap<>();
        DescribeConfigsOptions options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        admin.describeConfigs(List.of(resource), options).all().get().get(resource).entries()
            .forEach(entry -> values.put(entry.name(), entry.value()));
        return values;
      }
      case "setTopicConfig": {
        List<AlterConfigOp> changes = texts(args.get("configs")).entrySet().stream()
            .map(entry -> new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET))
            .collect(Collectors.toList());
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), changes)).all().get();
        return map();
      }
      case "deleteRecords": {
        TopicPartition partition = new TopicPartition(topic, args.get("partition").asInt());
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(args.get("before").asLong()))).all().get();
        return map();
      }
      case "offsets": {
        Map<TopicPartition, Long> low = offsetsAt(topic, OffsetSpec.earliest());
        Map<TopicPartition, Long> high = offsetsAt(topic, OffsetSpec.latest());
        return partitionsOf(topic).stream()
            .map(at -> map("partition", at.partition(), "low", low.get(at), "high", high.get(at)))
            .collect(Collectors.toList());
      }
      case "groups":
        return admin.listGroups().all().get().stream().map(GroupListing::groupId).collect(Collectors.toList());
      case "describeGroup": {
        ConsumerGroupDescription found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        List<Object> members = new ArrayList<>();
        for (MemberDescription one : found.members())
          members.add(map("instanceId", one.groupInstanceId().orElse(null), "clientId", one.clientId()));
        return map("state", found.groupState().name().toLowerCase().replace("_", ""), "members", members);
      }
      case "committed": {
        List<Object> result = new ArrayList<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((at, value) -> {
          if (at.topic().equals(topic))
            result.add(map("partition", at.partition(), "offset", value.offset(), "metadata", value.metadata()));
        });
        return result;
      }
      case "deleteGroup":
        admin.deleteConsumerGroups(List.of(group)).all().get();
        return map();
      case "produce":
        produce(topic, args);
        return map();
      case "read":
        return read(topic, args);
      case "sequence":
        return map("count", sequence(topic, args.get("more").asInt()));
      case "finish":
        finishing = true;
        return map();
      case "join":
        member = new Member(group, topic, args);
        return map();
      case "commit": {
        Map<TopicPartition, OffsetAndMetadata> offsets = new LinkedHashMap<>();
        for (JsonNode item : args.get("offsets"))
          offsets.put(new TopicPartition(item.get("topic").asText(), item.get("partition").asInt()),
              new OffsetAndMetadata(item.get("offset").asLong(), item.get("metadata").asText()));
        member.run(() -> {
          member.consumer.commitSync(offsets);
          return null;
        });
        return map();
      }
      case "stall":
        member.stalled = true;
        return map();
      case "resume":
        member.stalled = false;
        member.poll();
        return map();
      case "leave":
        member.leave();
        member = null;
        return map();
      default:
        throw new IllegalArgumentException("this client has no " + op);
    }
  }

  static List<TopicPartition> partitionsOf(String topic) throws Exception {
    return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
        .map(info -> new TopicPartition(topic, info.partition())).collect(Collectors.toList());
  }

  static Map<TopicPartition, Long> offsetsAt(String topic, OffsetSpec spec) throws Exception {
    Map<TopicPartition, OffsetSpec> asked = new LinkedHashMap<>();
    for (TopicPartition at : partitionsOf(topic)) asked.put(at, spec);
    Map<TopicPartition, Long> result = new LinkedHashMap<>();
    admin.listOffsets(asked).all().get().forEach((at, info) -> result.put(at, info.offset()));
    return result;
  }

  static void produce(String topic, JsonNode args) throws Exception {
    int bytesMax = args.path("messageBytesMax").asInt(1 << 20);
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer("acks", "all", "compression.type", args.get("codec").asText(),
        "max.request.size", bytesMax + (1 << 20), "buffer.memory", 64 << 20)) {
      for (JsonNode record : args.get("records")) {
        Integer partition = record.has("partition") ? record.get("partition").asInt() : null;
        Long timestamp = record.has("timestampMs") ? record.get("timestampMs").asLong() : null;
        ProducerRecord<String, String> one = new ProducerRecord<>(topic, partition, timestamp,
            record.get("key").asText(null), record.get("value").asText(null));
        texts(record.get("headers")).forEach((name, value) ->
            one.headers().add(new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8))));
        sent.add(producer.send(one));
      }
      for (Future<RecordMetadata> one : sent) one.get();
    }
  }

  static List<Object> read(String topic, JsonNode args) throws Exception {
    int count = args.get("count").asInt();
    List<Object> records = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer("enable.auto.commit", false, "auto.offset.reset", "none",
        "max.partition.fetch.bytes", args.path("messageBytesMax").asInt(1 << 20))) {
      List<TopicPartition> partitions = partitionsOf(topic);
      consumer.assign(partitions);
      if (args.has("fromMs")) {
        Map<TopicPartition, Long> asked = new LinkedHashMap<>();
        for (TopicPartition at : partitions) asked.put(at, args.get("fromMs").asLong());
        Map<TopicPartition, OffsetAndTimestamp> starts = consumer.offsetsForTimes(asked);
        for (TopicPartition at : partitions) {
          if (starts.get(at) == null) consumer.seekToEnd(List.of(at));
          else consumer.seek(at, starts.get(at).offset());
        }
      } else consumer.seekToBeginning(partitions);
      while (records.size() < count)
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) records.add(readRecord(record));
    }
    return records;
  }

  static int sequence(String topic, int more) throws Exception {
    AtomicInteger acknowledged = new AtomicInteger();
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer("linger.ms", 0, "batch.size", 100, "retry.backoff.ms", 50)) {
      for (int left = more; left > 0; left -= finishing ? 10 : 0) {
        for (int i = 0; i < 10; i++)
          sent.add(producer.send(new ProducerRecord<>(topic, 0, null, String.valueOf(sent.size())), (metadata, error) -> {
            int now = acknowledged.incrementAndGet();
            if (error == null && now % 10 == 0) say(map("event", "sent", "count", now));
          }));
        Thread.sleep(5);
      }
      for (Future<RecordMetadata> one : sent) one.get();
    }
    return sent.size();
  }

  /** A group member on a thread of its own; what else needs the consumer is handed to that thread. */
  static class Member implements ConsumerRebalanceListener {
    final KafkaConsumer<String, String> consumer;
    final ExecutorService thread = Executors.newSingleThreadExecutor();
    volatile boolean stopping;
    volatile boolean stalled;

    Member(String group, String topic, JsonNode args) throws Exception {
      Properties settings = base("group.id", group, "session.timeout.ms", args.get("sessionTimeoutMs").asInt(),
          "heartbeat.interval.ms", 300, "max.poll.interval.ms", maxPollIntervalMs(args), "metadata.max.age.ms", 1_000,
          "fetch.max.wait.ms", 200, "auto.offset.reset", "earliest",
          "enable.auto.commit", args.get("autoCommit").asBoolean(), "auto.commit.interval.ms", 300);
      if (args.hasNonNull("instanceId")) settings.put("group.instance.id", args.get("instanceId").asText());
      consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
      run(() -> {
        consumer.subscribe(List.of(topic), this);
        return null;
      });
      poll();
    }

    <T> T run(Supplier<T> work) throws Exception {
      try {
        return thread.submit(work::get).get();
      } catch (ExecutionException error) {
        throw (Exception) error.getCause();
      }
    }

    private static int maxPollIntervalMs(JsonNode args) {
      return args.path("maxPollIntervalMs").asInt(Math.max(10_000, args.get("sessionTimeoutMs").asInt()));
    }

    private void poll() {
      if (stopping || stalled) return;
      thread.submit(() -> {
        try {
          for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100)))
            say(map("event", "record", "record", readRecord(record)));
        } catch (Exception error) {
          error.printStackTrace();
        }
        poll();
      });
    }

    void leave() throws Exception {
      stopping = true;
      run(() -> {
        consumer.close();
        return null;
      });
      thread.shutdown();
    }

    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      List<Integer> all = consumer.assignment().stream().map(TopicPartition::partition).collect(Collectors.toList());
      say(map("event", "assigned", "partitions", all));
    }
  }

  public static void main(String[] args) throws Exception {
    servers = args[0];
    System.setOut(System.err);
    admin = Admin.create(base());
    ExecutorService workers = Executors.newCachedThreadPool();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      JsonNode request = JSON.readTree(line);
      workers.submit(() -> {
        try {
          Object result = answer(request.get("op").asText(), request.get("args"));
          say(map("id", request.get("id").asInt(), "result", result));
        } catch (Throwable error) {
          say(map("id", request.get("id").asInt(), "error", String.valueOf(error)));
        }
      });
    }
    System.exit(0);
  }
}
