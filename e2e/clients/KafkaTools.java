import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.*;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.common.utils.Exit;

/**
 * Apache Kafka's command line tools, one after the other in one JVM, because each start of Java costs seconds: java -cp lib/*:classes KafkaTools.
 * A line {id, tool, args, input} names a class with a main method; {id, exitCode, output, errors} comes back. What a tool asks Kafka's Exit to do
 * when its process ends is done when it has come back.
 */
public class KafkaTools {
  static final ObjectMapper JSON = new ObjectMapper();

  /** Not an Exception, so that no tool catches it. */
  static class Ended extends Error {
    final int code;

    Ended(int code) {
      super(null, null, false, false);
      this.code = code;
    }
  }

  static Integer exitCode;
  static final List<Runnable> hooks = new ArrayList<>();

  static void end(int code, String message) {
    if (exitCode == null) exitCode = code;
    if (message != null) System.err.println(message);
    throw new Ended(code);
  }

  static void run(String tool, String[] args) throws Exception {
    try {
      Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException failed) {
      if (!(failed.getCause() instanceof Ended)) {
        failed.getCause().printStackTrace();
        if (exitCode == null) exitCode = 1;
      }
    }
    for (Runnable hook : List.copyOf(hooks)) hook.run();
  }

  public static void main(String[] ignored) throws Exception {
    Exit.setExitProcedure(KafkaTools::end);
    Exit.setHaltProcedure(KafkaTools::end);
    Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    PrintStream out = System.out, err = System.err;
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = requests.readLine()) != null; ) {
      JsonNode request = JSON.readTree(line);
      ByteArrayOutputStream output = new ByteArrayOutputStream(), errors = new ByteArrayOutputStream();
      System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
      System.setIn(new ByteArrayInputStream(request.path("input").asText("").getBytes(StandardCharsets.UTF_8)));
      exitCode = null;
      hooks.clear();
      List<String> args = new ArrayList<>();
      request.get("args").forEach(arg -> args.add(arg.asText()));
      run(request.get("tool").asText(), args.toArray(new String[0]));
      Map<String, Object> reply = new LinkedHashMap<>();
      reply.put("id", request.get("id").asInt());
      reply.put("exitCode", exitCode == null ? 0 : exitCode);
      reply.put("output", output.toString(StandardCharsets.UTF_8));
      reply.put("errors", errors.toString(StandardCharsets.UTF_8));
      System.setOut(out);
      System.setErr(err);
      out.println(JSON.writeValueAsString(reply));
      out.flush();
    }
  }
}
