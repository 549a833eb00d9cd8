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

/** One run of the runner: every test of that number which wants this scenario. */
export interface SuiteRun {
  readonly number: string;
  readonly scenario: Scenario;
  readonly names: readonly string[];
}

export const SCENARIOS = ["default", "noautocreate"] as const;
/** The clusters that we set up. What wants another one (`ak23`: Kafka 2.3) wants a broker that nobody runs any more. */
export type Scenario = (typeof SCENARIOS)[number];

/** Everything that needs a broker, in the order of the suite, grouped by scenario. `only`: numbers or names; empty is all. */
export function planRuns(tests: readonly SuiteTest[], only: readonly string[]): readonly SuiteRun[] {
  return SCENARIOS.flatMap((scenario) => {
    const wanted = tests.filter(
      (test) =>
        !test.isLocal &&
        !test.isManual &&
        test.scenario.split(",").includes(scenario) &&
        (only.length === 0 || only.includes(test.number) || only.includes(test.name)),
    );
    return [...new Set(wanted.map((test) => test.number))].map((number) => ({
      number,
      scenario,
      names: wanted.filter((test) => test.number === number).map((test) => test.name),
    }));
  });
}
