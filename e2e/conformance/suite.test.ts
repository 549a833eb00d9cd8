import { expect, test } from "vitest";
import { partsOf, planRuns, suiteTests } from "./suite.ts";
import { verdicts } from "./verdict.ts";

const SOURCE = `
struct test tests[] = {
    /* Special MAIN test */
    {.name = "<MAIN>", .flags = TEST_F_LOCAL},
    _TEST(0000_unittests, TEST_F_LOCAL, _THRES(.ucpu = 100.0)),
    _TEST(0001_multiobj, 0),
    _TEST(0045_subscribe, 0, TEST_BRKVER(0, 9, 0, 0)),
    _TEST(0045_removed, 0, TEST_BRKVER(0, 9, 0, 0), .scenario = "noautocreate"),
    _TEST(0045_mock, TEST_F_LOCAL),
#if WITH_SOCKEM
    _TEST(0049_close, TEST_F_SOCKEM, TEST_BRKVER(0, 9, 0, 0)),
#endif
    _TEST(0103_transactions, 0, TEST_BRKVER(0, 11, 0, 0), .scenario = "default,ak23"),
    _TEST(8000_idle, TEST_F_MANUAL),
    {NULL}};
`;

test("the table of tests is read with flags and scenarios, and what needs no broker is left out of the plan", () => {
  const tests = suiteTests(SOURCE);
  expect(tests.map((entry) => entry.name)).toContain("0000_unittests");
  const suite = { tests, parts: new Map() };
  expect(planRuns(suite, [])).toEqual([
    { number: "0001", scenario: "default", names: ["0001_multiobj"], part: null },
    { number: "0045", scenario: "default", names: ["0045_subscribe"], part: null },
    { number: "0049", scenario: "default", names: ["0049_close"], part: null },
    { number: "0103", scenario: "default", names: ["0103_transactions"], part: null },
    { number: "0045", scenario: "noautocreate", names: ["0045_removed"], part: null },
  ]);
  expect(planRuns(suite, ["0045_removed", "0001"]).map((run) => run.number)).toEqual(["0001", "0045"]);
});

test("a test of unrelated parts is planned and judged part by part", () => {
  const source = `
static void do_test_apis(rd_kafka_type_t cltype) {
        /* do_test_Later("x"); */
        do_test_CreateTopics("temp queue", rk);
        do_test_CreateTopics("main queue", rk);
        do_test_DeleteTopics(
            "main queue", rk);
}`;
  expect(partsOf(source)).toEqual(["CreateTopics", "DeleteTopics"]);
  const suite = { tests: suiteTests(SOURCE), parts: new Map([["0001", partsOf(source)]]) };
  expect(planRuns(suite, ["0001_multiobj/DeleteTopics"])).toEqual([
    { number: "0001", scenario: "default", names: ["0001_multiobj/DeleteTopics"], part: "DeleteTopics" },
  ]);
  expect(planRuns(suite, ["0001"]).map((run) => run.part)).toEqual(["CreateTopics", "DeleteTopics"]);
  const passed = "|\u001B[32m 0001_multiobj                            |     PASSED |   1.250s \u001B[0m|";
  expect(verdicts(["0001_multiobj/DeleteTopics"], end(`[ do_test_DeleteTopics:12: main ]\n${passed}`))).toEqual([
    { test: "0001_multiobj/DeleteTopics", verdict: "pass", seconds: 1.25, said: "" },
  ]);
  expect(verdicts(["0001_multiobj/DeleteTopics"], end(passed))).toMatchObject([{ verdict: "skip" }]);
});

test("a source without the table is refused, rather than taken for a suite without tests", () => {
  expect(() => suiteTests("int main() {}")).toThrow("no table of tests");
});

const end = (output: string, exitCode: number | null = 0, timedOut = false) => ({
  output,
  exitCode,
  timedOut,
  seconds: 12.5,
});

test("the table at the end of the runner's output decides", () => {
  const output = [
    "\u001B[36m| <MAIN>                                   |     PASSED |   1.500s \u001B[0m|",
    "|\u001B[32m 0001_multiobj                            |     PASSED |   1.250s \u001B[0m|",
    "|\u001B[31m 0002_unkpart                             |     FAILED |   2.000s \u001B[0m|\u001B[31m do_test():12: no such partition\u001B[0m",
    "|\u001B[36m 0003_msgmaxsize                          |    SKIPPED |   0.000s \u001B[0m|\u001B[36m wants more memory\u001B[0m",
  ].join("\n");
  expect(verdicts(["0001_multiobj", "0002_unkpart", "0003_msgmaxsize"], end(output, 1))).toEqual([
    { test: "0001_multiobj", verdict: "pass", seconds: 1.25, said: "" },
    { test: "0002_unkpart", verdict: "fail", seconds: 2, said: "do_test():12: no such partition" },
    { test: "0003_msgmaxsize", verdict: "skip", seconds: 0, said: "wants more memory" },
  ]);
});

test("a runner that fails after its test passed fails the test; one that is killed hangs; one that crashes fails", () => {
  const passed = "|\u001B[32m 0001_multiobj                            |     PASSED |   1.250s \u001B[0m|";
  const leaked = `${passed}\n### Test "<MAIN>" failed at test.c:1:f() at now: ###\nf():1: 3 thread(s) still active in librdkafka`;
  expect(verdicts(["0001_multiobj"], end(leaked, null))).toMatchObject([
    { verdict: "fail", said: "f():1: 3 thread(s) still active in librdkafka" },
  ]);
  expect(verdicts(["0001_multiobj"], end("working ...", null, true))).toMatchObject([
    { verdict: "hang", said: "working ..." },
  ]);
  expect(verdicts(["0001_multiobj"], end("assertion failed", 134))).toMatchObject([
    { verdict: "fail", said: "assertion failed" },
  ]);
});

test("a test that failed and took the runner with it says what went wrong first", () => {
  const output = `### Test "0081_admin (do_test_X:1)" failed at 0081-admin.c:1:f() at now: ###
no such topic
### Test "<MAIN>" failed at test.c:1:test_wait_exit() at now: ###
5 thread(s) still active in librdkafka`;
  expect(verdicts(["0081_admin"], end(output, null))).toMatchObject([{ verdict: "fail", said: "no such topic" }]);
});

test("a test that the runner leaves out says why", () => {
  const output =
    "[<MAIN> /0.1s] ================= Skipping test 0170_share (not applicable for broker version 4.1.0.0) ===";
  expect(verdicts(["0170_share"], end(output))).toEqual([
    { test: "0170_share", verdict: "skip", seconds: 0, said: "not applicable for broker version 4.1.0.0" },
  ]);
});
