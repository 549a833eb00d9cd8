/** Weight of a line in the broker's journal. */
export type JournalLevel = "info" | "warn" | "error";

/** Where the disk tells people what it found or did; one sentence each. */
export type Journal = (level: JournalLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface SqliteDiskOptions {
  /** The node's log directory; made (mode 0700) when it does not exist. */
  readonly dir: string;
  /** `fsync`: every commit is synced before it is reported. `os`: left to the page cache, Kafka's default; a power cut may lose confirmed records. */
  readonly durability: "fsync" | "os";
  /** A data file is rotated when it has grown to this. Default 256 MB. */
  readonly segmentBytes?: number;
  /** A data file is rotated when it is this old and holds anything. Default 6 hours. */
  readonly segmentMs?: number;
  /** Below this the disk counts as nearly full and produce is refused. Default 512 MB. */
  readonly freeBytesMin?: number;
  /** Size of the file that is given up when the disk is full, so that clean-up has room. 0 = none. Default 64 MB. */
  readonly ballastBytes?: number;
  /** Threads for cold reads. Default 1. */
  readonly readers?: number;
  /** A transaction takes more hand-overs until it carries this. Default 4 MB. */
  readonly transactionBytesMax?: number;
  /** Pages of WAL, of 4 KB, after which the checkpoint thread is asked; at ten times as many a commit checkpoints itself. Default 400 (1.6 MB). */
  readonly checkpointPages?: number;
  /** How long a hand-over that met a full disk is tried again before the store gives up. Default 10 s. */
  readonly fullRetryMs?: number;
  /** A sealed file with a smaller share of live bytes is emptied by copying forward. Default 0.25. */
  readonly copyForwardBelow?: number;
  /** How often files are looked over: rotation by age, unlinking, copying forward. Default 500 ms. */
  readonly careMs?: number;
  /** How often free space is looked up. Default 1 s. */
  readonly freeSpacePollMs?: number;
  /** Bound on the pages of each file, for tests of the full disk; lifted when the ballast goes, or never where negative. */
  readonly pagesMax?: number;
  readonly journal?: Journal;
}

export type SettledOptions = Required<Omit<SqliteDiskOptions, "journal">>;

const MEBIBYTE = 1024 * 1024;

/** Fills in the defaults. */
export function settleOptions(options: SqliteDiskOptions): SettledOptions {
  return {
    dir: options.dir,
    durability: options.durability,
    segmentBytes: options.segmentBytes ?? 256 * MEBIBYTE,
    segmentMs: options.segmentMs ?? 6 * 3_600_000,
    freeBytesMin: options.freeBytesMin ?? 512 * MEBIBYTE,
    ballastBytes: options.ballastBytes ?? 64 * MEBIBYTE,
    readers: options.readers ?? 1,
    transactionBytesMax: options.transactionBytesMax ?? 4 * MEBIBYTE,
    checkpointPages: options.checkpointPages ?? 400,
    fullRetryMs: options.fullRetryMs ?? 10_000,
    copyForwardBelow: options.copyForwardBelow ?? 0.25,
    careMs: options.careMs ?? 500,
    freeSpacePollMs: options.freeSpacePollMs ?? 1000,
    pagesMax: options.pagesMax ?? 0,
  };
}
