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
        for (int i = 0; i < 12; i++) out.add(one(name, mode));
    System.out.println("[\n" + String.join(",\n", out) + "\n]");
  }
  static String one(String name, int mode) {
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
        Subscription s = new Subscription(e.getValue(), ud, as instanceof CooperativeStickyAssignor ? own : List.of(), g, Optional.empty());
        if (inst.containsKey(c)) s.setGroupInstanceId(Optional.of(inst.get(c)));
        in.put(c, s);
        if (ms.length() > 0) ms.append(",");
        ms.append("{\"id\":\"" + c + "\",\"instance\":" + (inst.containsKey(c) ? "\"" + inst.get(c) + "\"" : "null") + ",\"topics\":" + js(e.getValue()) + ",\"owned\":" + tps(own) + ",\"generation\":" + g + "}");
      }
      Map<String,List<TopicPartition>> res = as.assign(used(counts, subs), in);
      StringBuilder rs = new StringBuilder();
      for (var e : new TreeMap<>(res).entrySet()) { if (rs.length() > 0) rs.append(","); rs.append("\"" + e.getKey() + "\":" + tps(e.getValue())); }
      if (rounds.length() > 0) rounds.append(",\n");
      rounds.append(" {\"assignor\":\"" + name + "\",\"counts\":{" + used(counts, subs).entrySet().stream().map(x -> "\"" + x.getKey() + "\":" + x.getValue()).collect(Collectors.joining(",")) + "},\"members\":[" + ms + "],\"result\":{" + rs + "}}");
      owned = new TreeMap<>();
      for (var e : res.entrySet()) owned.put(e.getKey(), new ArrayList<>(e.getValue()));
      gen = round + 1;
    }
    return rounds.toString();
  }
  static Map<String,Integer> used(Map<String,Integer> counts, Map<String,List<String>> subs) { Map<String,Integer> m = new TreeMap<>(counts); m.keySet().removeIf(t -> subs.values().stream().noneMatch(l -> l.contains(t))); return m; }
  static String js(List<String> l) { return "[" + l.stream().map(x -> "\"" + x + "\"").collect(Collectors.joining(",")) + "]"; }
  static String tps(List<TopicPartition> l) { return "[" + l.stream().sorted(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition)).map(x -> "\"" + x.topic() + "/" + x.partition() + "\"").collect(Collectors.joining(",")) + "]"; }
}
