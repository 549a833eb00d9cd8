/** A cell of a view's row. Offsets and sizes are safe integers; times are milliseconds since 1970. */
export type Cell = string | number | boolean | null | readonly string[] | readonly number[];

/** A row as it travels: a tuple named by the view's `cols`. */
export type Row = readonly Cell[];

/** The tuple type of fields `F` in the order of the column names `C`. */
export type RowTuple<F, C extends readonly (keyof F & string)[]> = { readonly [I in keyof C]: F[C[I]] };

/** The names of a view's columns, and the ways between a row and its fields. */
export interface Columns<F, C extends readonly (keyof F & string)[]> {
  readonly cols: C;
  /** Fields to the tuple that travels. */
  row(fields: F): RowTuple<F, C>;
  /** A tuple to its fields; allocates, so use `get` in hot places. */
  fields(row: Row): F;
  /** One field of a tuple, without making an object. */
  get<K extends keyof F & string>(row: Row, name: K): F[K];
  /** A copy of the row with some fields replaced. */
  patch(row: Row, fields: Partial<F>): Row;
}

/**
 * Names a view's columns once. The casts in here are the only ones: a tuple is built and read by the names, so they hold by construction.
 * `columns<NodeFields>()(["id", ...])` breaks the build when a field is left out;
 * both sides read and write rows by name, so a column can be added at the end without anybody counting.
 */
export function columns<F extends object>() {
  return <const C extends readonly (keyof F & string)[]>(
    cols: Exclude<keyof F & string, C[number]> extends never ? C : never,
  ): Columns<F, C> => {
    const names: readonly (keyof F & string)[] = cols;
    const indexOf = new Map(names.map((name, index) => [name, index]));
    return {
      cols,
      row: (fields) => names.map((name) => fields[name]) as unknown as RowTuple<F, C>,
      fields(row) {
        const fields: Record<string, unknown> = {};
        for (let i = 0; i < names.length; i++) fields[names[i]!] = row[i];
        return fields as F;
      },
      get<K extends keyof F & string>(row: Row, name: K) {
        return row[indexOf.get(name)!] as F[K];
      },
      patch(row, fields) {
        const copy = [...row];
        for (const name of names) if (fields[name] !== undefined) copy[indexOf.get(name)!] = fields[name] as Cell;
        return copy;
      },
    };
  };
}

/** Whether two rows say the same; arrays inside are compared by their items. */
export function sameRow(a: Row, b: Row): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!sameCell(a[i]!, b[i]!)) return false;
  }
  return true;
}

function sameCell(a: Cell, b: Cell): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Brings a row that came with `from` as its columns into the order of `to`. Columns we do not know are left out and
 * columns the server did not send are null, so that a page and a server of different ages still understand each other.
 */
export function reorderRow(row: Row, from: readonly string[], to: readonly string[]): Row {
  return to.map((name) => row[from.indexOf(name)] ?? null);
}
