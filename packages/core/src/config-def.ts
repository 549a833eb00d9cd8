/** One setting as Kafka documents it: the table of these feeds DescribeConfigs, REST, the console's form and the manual. */
export interface ConfigDef {
  /** Kafka's name, for example `min.insync.replicas`. */
  readonly name: string;
  readonly type: "boolean" | "int" | "short" | "long" | "double" | "string" | "list" | "password" | "class";
  /** Default as text, in Kafka's own spelling; null where Kafka has none. */
  readonly default: string | null;
  /** One sentence for people. */
  readonly doc: string;
  /** Inclusive bounds of a number. */
  readonly min?: number;
  readonly max?: number;
  /** The only legal words of a string or of each item of a list. */
  readonly oneOf?: readonly string[];
  /** Broker setting that supplies the default of this topic setting (`log.retention.ms` for `retention.ms`). */
  readonly brokerDefault?: string;
  /** Whether it can change while the broker runs. */
  readonly dynamic?: boolean;
  /** Taken, kept and told, but nothing here goes by it. */
  readonly idle?: boolean;
  /** What else a value must be: the rest of a sentence that says what is wrong, or null. */
  readonly check?: (value: string) => string | null;
}

/** Checks a text value against its definition. Returns the sentence that says what is wrong, or null. */
export function checkConfigValue(def: ConfigDef, value: string): string | null {
  const why = wrongByType(def, value) ?? def.check?.(value) ?? null;
  return why === null ? null : `Invalid value ${value} for configuration ${def.name}: ${why}`;
}

const LONG_MAX = 2n ** 63n - 1n;

function wrongByType(def: ConfigDef, value: string): string | null {
  switch (def.type) {
    case "boolean":
      return value === "true" || value === "false" ? null : "expected true or false";
    case "int":
    case "short":
    case "long":
    case "double": {
      const number = Number(value);
      if (value.trim() === "" || !Number.isFinite(number)) return "not a number";
      if (def.type !== "double" && !/^[+-]?\d+$/.test(value.trim())) return "not a whole number";
      if (def.type === "long" && BigInt(value) > LONG_MAX) return `must be at most ${LONG_MAX}`;
      if (def.min !== undefined && number < def.min) return `must be at least ${def.min}`;
      if (def.max !== undefined && number > def.max) return `must be at most ${def.max}`;
      return null;
    }
    case "string":
      return !def.oneOf || def.oneOf.includes(value) ? null : `must be one of ${def.oneOf.join(", ")}`;
    case "list": {
      const items = value.split(",").map((item) => item.trim());
      const odd = def.oneOf && items.find((item) => item !== "" && !def.oneOf!.includes(item));
      return odd === undefined ? null : `${odd} is not one of ${def.oneOf!.join(", ")}`;
    }
    case "password":
    case "class":
      return null;
  }
}
