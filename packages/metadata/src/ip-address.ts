/**
 * An IP address in one spelling, so that two texts of one address are the same word: IPv4 as 127.0.0.1, also where it comes inside IPv6
 * (::ffff:127.0.0.1), IPv6 as eight groups without leading zeros. null: it is no address; names of hosts are none.
 */
export function canonicalAddress(text: string): string | null {
  if (!text.includes(":")) return ipv4(text)?.join(".") ?? null;
  const groups = ipv6(text);
  if (groups === null) return null;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return groups.map((group) => group.toString(16)).join(":");
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join(".");
}

function ipv4(text: string): readonly number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.map(Number);
}

function ipv6(text: string): readonly number[] | null {
  const [head, tail, more] = text.split("::");
  if (head === undefined || more !== undefined) return null;
  const front = groupsOf(head);
  if (tail === undefined) return front?.length === 8 ? front : null;
  const back = groupsOf(tail);
  if (front === null || back === null) return null;
  const left = 8 - front.length - back.length;
  return left < 1 ? null : [...front, ...Array.from({ length: left }, () => 0), ...back];
}

/** Groups between colons, the last of which may be an IPv4 address. */
function groupsOf(text: string): readonly number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const last = at === parts.length - 1 ? ipv4(part) : null;
      if (last === null) return null;
      groups.push((last[0]! << 8) | last[1]!, (last[2]! << 8) | last[3]!);
    }
  }
  return groups;
}
