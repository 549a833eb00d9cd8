/** One setting as Kafka documents it: the table of these feeds DescribeConfigs, REST, the console's form and the manual. */
export interface ConfigDef {
  /** Kafka's name, for example `min.insync.replicas`. */
  readonly name: string;
  readonly type: "boolean" | "int" | "long" | "double" | "string" | "list" | "password";
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
}

/** Checks a text value against its definition. Returns the sentence that says what is wrong, or null. */
export function checkConfigValue(def: ConfigDef, value: string): string | null {
  const wrong = (why: string) => `Invalid value ${value} for configuration ${def.name}: ${why}`;
  switch (def.type) {
    case "boolean":
      return value === "true" || value === "false" ? null : wrong("expected true or false");
    case "int":
    case "long":
    case "double": {
      const number = Number(value);
      if (value.trim() === "" || !Number.isFinite(number)) return wrong("not a number");
      if (def.type !== "double" && !/^[+-]?\d+$/.test(value.trim())) return wrong("not a whole number");
      if (def.min !== undefined && number < def.min) return wrong(`must be at least ${def.min}`);
      if (def.max !== undefined && number > def.max) return wrong(`must be at most ${def.max}`);
      return null;
    }
    case "string":
      return !def.oneOf || def.oneOf.includes(value) ? null : wrong(`must be one of ${def.oneOf.join(", ")}`);
    case "list": {
      const items = value.split(",").map((item) => item.trim());
      const odd = def.oneOf && items.find((item) => item !== "" && !def.oneOf!.includes(item));
      return odd === undefined ? null : wrong(`${odd} is not one of ${def.oneOf!.join(", ")}`);
    }
    case "password":
      return null;
  }
}
