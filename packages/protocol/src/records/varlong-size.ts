/** Bytes of a zig-zag varint. */
export function varlongSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  for (; rest > 0x7f; size++) rest = Math.floor(rest / 128);
  return size;
}
