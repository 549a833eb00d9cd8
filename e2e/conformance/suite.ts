/** Which tests librdkafka's suite has, read out of the table in its `test.c`. Pure. */

/** The runner takes tests by number; several tests may share one. */
export interface SuiteTest {
  readonly number: string;
  readonly name: string;
  /** Talks to no broker, or to librdkafka's own mock of one: says nothing about us. */
  readonly isLocal: boolean;
  readonly isManual: boolean;
  /** Which cluster it wants: `default`, or others, separated by commas. */
  readonly scenario: string;
}

export function suiteTests(testSource: string): readonly SuiteTest[] {
  const table = /struct test tests\[\] = \{([\s\S]*?)\{NULL\}\};/.exec(testSource)?.[1];
  if (table === undefined) throw new Error("test.c has no table of tests as it used to have");
  const withoutComments = table.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const entries = withoutComments.split(/\b_TEST\(/).slice(1);
  return entries.map((entry) => {
    const match = /^(\d+)(\w*)\s*,([\s\S]*)$/.exec(entry);
    if (!match) throw new Error(`test.c has an entry that cannot be read: ${entry.slice(0, 60)}`);
    const [, number, rest, options] = match as unknown as [string, string, string, string];
    return {
      number,
      name: number + rest,
      isLocal: /\bTEST_F_LOCAL\b/.test(options),
      isManual: /\bTEST_F_MANUAL\b/.test(options),
      scenario: /\.scenario = "([^"]+)"/.exec(options)?.[1] ?? "default",
    };
  });
}

/** One run of the runner: every test of that number which wants this scenario, or one part of one test. */
export interface SuiteRun {
  readonly number: string;
  readonly scenario: Scenario;
  /** The test, and the part of it where it is run in parts: `0081_admin`, `0081_admin/DeleteTopics`. */
  readonly names: readonly string[];
  readonly part: string | null;
}

export const SCENARIOS = ["default", "patient", "noautocreate"] as const;
/**
 * The clusters that we set up. `patient` is upstream's `default` with Kafka's own `group.initial.rebalance.delay.ms`; elsewhere groups start
 * at once, which saves minutes. What wants another one (`ak23`: Kafka 2.3) wants a broker that nobody runs any more.
 */
export type Scenario = (typeof SCENARIOS)[number];

/** Count on members that join within the delay to get into one rebalance. */
const PATIENT = new Set(["0089_max_poll_interval", "0113_cooperative_rebalance"]);

/** By its name here; the suite itself knows two of them. */
export function upstreamScenario(scenario: Scenario): string {
  return scenario === "patient" ? "default" : scenario;
}

/** Tests that are a list of unrelated parts and end at the first that fails; run part by part, each says something. */
export const IN_PARTS = { "0081": "0081-admin.c" } as const;

/** The parts that such a test runs, in its order: `do_test_CreateTopics(...)` is `CreateTopics`. */
export function partsOf(source: string): readonly string[] {
  const body = /^static void do_test_apis\(([\s\S]*?)^\}/m.exec(source)?.[1];
  if (body === undefined) throw new Error("the source has no list of parts as it used to have");
  const code = body.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  return [...new Set([...code.matchAll(/\bdo_test_(\w+)\(/g)].map((match) => match[1]!))];
}

export interface SuiteSource {
  readonly tests: readonly SuiteTest[];
  /** By number, for those of IN_PARTS. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
}

/** Everything that needs a broker, in the order of the suite, grouped by scenario. `only`: numbers or names; empty is all. */
export function planRuns(suite: SuiteSource, only: readonly string[]): readonly SuiteRun[] {
  const isWanted = (number: string, name: string) =>
    only.length === 0 || only.includes(number) || only.includes(name) || only.includes(name.split("/")[0]!);
  return SCENARIOS.flatMap((scenario) => {
    const tests = suite.tests.filter(
      (test) =>
        !test.isLocal &&
        !test.isManual &&
        test.scenario.split(",").includes(upstreamScenario(scenario)) &&
        (scenario === "noautocreate" || PATIENT.has(test.name) === (scenario === "patient")),
    );
    return [...new Set(tests.map((test) => test.number))].flatMap((number): SuiteRun[] => {
      const names = tests.filter((test) => test.number === number).map((test) => test.name);
      const parts = suite.parts.get(number);
      const runs = parts
        ? parts.map((part) => ({ number, scenario, names: [`${names[0]!}/${part}`], part }))
        : [{ number, scenario, names: names.filter((name) => isWanted(number, name)), part: null }];
      return runs.filter((run) => run.names.some((name) => isWanted(number, name)));
    });
  });
}
