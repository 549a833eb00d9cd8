// Prints assignors.json: what the assignors of Apache Kafka answer to random groups (fixed seed). javac and java with the jars of Kafka 4.3 on
// the class path; then oxfmt. Members have names whose order in a small HashMap is their alphabetical order.
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.internals.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.*;
import org.apache.kafka.common.*;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.stream.*;

public class AssignorAnswers {
  static Random r = new Random(226);
  static final List<String> NAMES = List.of("c3","c4","c5","c6","c7","c8","c9","d0","d1","d2","d3");
  public static void main(String[] a) throws Exception {
    List<String> out = new ArrayList<>();
    int n = 0;
    for (String name : List.of("range","roundrobin","sticky","cooperative-sticky"))
      for (int mode = 0; mode < 3; mode++)
        for (int i = 0; i < 12; i++) out.add(one(name, mode, false));
    // After the others, so that theirs stay as they are: racks of members and replicas (KIP-881).
    for (int mode = 0; mode < 3; mode++)
      for (int i = 0; i < 40; i++) out.add(one("range", mode, true));
    System.out.println("[\n" + String.join(",\n", out) + "\n]");
  }
  static String one(String name, int mode, boolean racked) {
    int topics = 1 + r.nextInt(4), members = 1 + r.nextInt(5);
    Map<String,Integer> counts = new TreeMap<>();
    for (int t = 0; t < topics; t++) counts.put("t" + t, 1 + r.nextInt(6));
    Map<String,List<String>> subs = new TreeMap<>();
    Map<String,String> inst = new HashMap<>();
    for (int m = 0; m < members; m++) {
      List<String> s = new ArrayList<>(counts.keySet());
      if (mode == 1) { Collections.shuffle(s, r); s = new ArrayList<>(s.subList(0, 1 + r.nextInt(s.size()))); Collections.sort(s); }
      subs.put(NAMES.get(m), s);
      if (mode == 2 && r.nextBoolean()) inst.put(NAMES.get(m), "i" + (9 - m));
    }
    Map<String,String> racks = new HashMap<>();
    Map<String,List<PartitionInfo>> placed = racked ? place(counts) : new TreeMap<>();
    if (racked) for (String m : subs.keySet()) if (r.nextInt(6) > 0) racks.put(m, "r" + r.nextInt(4));
    StringBuilder rounds = new StringBuilder();
    Map<String,List<TopicPartition>> owned = new TreeMap<>();
    int gen = -1;
    int k = name.endsWith("sticky") ? 4 : 1;
    for (int round = 0; round < k; round++) {
      if (round > 0) {
        int what = r.nextInt(4);
        if (what == 0 && subs.size() > 1) { String gone = new ArrayList<>(subs.keySet()).get(r.nextInt(subs.size())); subs.remove(gone); owned.remove(gone); inst.remove(gone); }
        else if (what == 1) { String c = NAMES.get(5 + round); List<String> s = new ArrayList<>(counts.keySet()); if (mode == 1) s = new ArrayList<>(s.subList(0, 1 + r.nextInt(s.size()))); subs.put(c, s); }
        else if (what == 2) { String t = new ArrayList<>(counts.keySet()).get(r.nextInt(counts.size())); counts.put(t, counts.get(t) + 1 + r.nextInt(3)); }
      }
      AbstractPartitionAssignor as = switch (name) { case "range" -> new RangeAssignor(); case "roundrobin" -> new RoundRobinAssignor(); case "sticky" -> new StickyAssignor(); default -> new CooperativeStickyAssignor(); };
      Map<String,Subscription> in = new TreeMap<>();
      StringBuilder ms = new StringBuilder();
      for (var e : subs.entrySet()) {
        String c = e.getKey();
        List<TopicPartition> own = owned.getOrDefault(c, List.of());
        int g = owned.containsKey(c) ? gen : -1;
        ByteBuffer ud = null;
        if (as instanceof StickyAssignor st) { if (owned.containsKey(c)) { st.onAssignment(new Assignment(own), new ConsumerGroupMetadata("g", g, c, Optional.empty())); ud = st.subscriptionUserData(new HashSet<>(e.getValue())); } }
        Subscription s = new Subscription(e.getValue(), ud, as instanceof CooperativeStickyAssignor ? own : List.of(), g, Optional.ofNullable(racks.get(c)));
        if (inst.containsKey(c)) s.setGroupInstanceId(Optional.of(inst.get(c)));
        in.put(c, s);
        if (ms.length() > 0) ms.append(",");
        ms.append("{\"id\":\"" + c + "\",\"instance\":" + (inst.containsKey(c) ? "\"" + inst.get(c) + "\"" : "null") + ",\"topics\":" + js(e.getValue()) + ",\"owned\":" + tps(own) + ",\"generation\":" + g + (racks.containsKey(c) ? ",\"rack\":\"" + racks.get(c) + "\"" : "") + "}");
      }
      placed.keySet().retainAll(used(counts, subs).keySet());
      Map<String,List<TopicPartition>> res = racked ? as.assignPartitions(placed, in) : as.assign(used(counts, subs), in);
      StringBuilder rs = new StringBuilder();
      for (var e : new TreeMap<>(res).entrySet()) { if (rs.length() > 0) rs.append(","); rs.append("\"" + e.getKey() + "\":" + tps(e.getValue())); }
      if (rounds.length() > 0) rounds.append(",\n");
      rounds.append(" {\"assignor\":\"" + name + "\",\"counts\":{" + used(counts, subs).entrySet().stream().map(x -> "\"" + x.getKey() + "\":" + x.getValue()).collect(Collectors.joining(",")) + "}" + (racked ? ",\"racks\":" + js(placed) : "") + ",\"members\":[" + ms + "],\"result\":{" + rs + "}}");
      owned = new TreeMap<>();
      for (var e : res.entrySet()) owned.put(e.getKey(), new ArrayList<>(e.getValue()));
      gen = round + 1;
    }
    return rounds.toString();
  }
  // Of every topic with the same number of partitions the replicas may lie alike, which is what co-partitioned topics are for.
  static Map<String,List<PartitionInfo>> place(Map<String,Integer> counts) {
    int kinds = 1 + r.nextInt(4), copies = 1 + r.nextInt(3);
    boolean alike = r.nextBoolean();
    Map<String,List<PartitionInfo>> placed = new TreeMap<>();
    Map<Integer,Integer> shift = new HashMap<>();
    for (var e : counts.entrySet()) {
      List<PartitionInfo> ps = new ArrayList<>();
      int from = alike ? shift.computeIfAbsent(e.getValue(), x -> r.nextInt(5)) : r.nextInt(5);
      for (int p = 0; p < e.getValue(); p++) {
        Node[] nodes = new Node[copies];
        for (int i = 0; i < copies; i++) { int id = (from + p + i) % 5; nodes[i] = new Node(id, "h", 1, id == 4 ? null : "r" + (id % kinds)); }
        ps.add(new PartitionInfo(e.getKey(), p, nodes[0], nodes, nodes));
      }
      placed.put(e.getKey(), ps);
    }
    return placed;
  }
  static String js(Map<String,List<PartitionInfo>> placed) {
    return "{" + placed.entrySet().stream().map(e -> "\"" + e.getKey() + "\":[" + e.getValue().stream().map(p ->
      js(Arrays.stream(p.replicas()).map(Node::rack).filter(Objects::nonNull).distinct().sorted().toList())).collect(Collectors.joining(",")) + "]").collect(Collectors.joining(",")) + "}";
  }
  static Map<String,Integer> used(Map<String,Integer> counts, Map<String,List<String>> subs) { Map<String,Integer> m = new TreeMap<>(counts); m.keySet().removeIf(t -> subs.values().stream().noneMatch(l -> l.contains(t))); return m; }
  static String js(List<String> l) { return "[" + l.stream().map(x -> "\"" + x + "\"").collect(Collectors.joining(",")) + "]"; }
  static String tps(List<TopicPartition> l) { return "[" + l.stream().sorted(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition)).map(x -> "\"" + x.topic() + "/" + x.partition() + "\"").collect(Collectors.joining(",")) + "]"; }
}
