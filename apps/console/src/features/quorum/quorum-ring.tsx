import type { QuorumFields } from "@vitrine/api";

const size = 240;
const radius = 84;

/** Voters on a circle, the leader filled; a line to each follower that fetches, dashed where nothing was heard for a while. */
export function QuorumRing({ members, leader }: { members: readonly QuorumFields[]; leader: number }) {
  const voters = members.filter((member) => member.voter);
  const places = voters.map((member, at) => {
    const angle = -Math.PI / 2 + (at / Math.max(1, voters.length)) * 2 * Math.PI;
    return { member, x: size / 2 + radius * Math.cos(angle), y: size / 2 + radius * Math.sin(angle) };
  });
  const hub = places.find(({ member }) => member.node === leader && member.role === "leader");
  return (
    <figure className="m-0">
      <svg aria-hidden viewBox={`0 -16 ${size} ${size}`} className="mx-auto block w-full max-w-60">
        <circle cx={size / 2} cy={size / 2} r={radius} fill="none" stroke="var(--line)" />
        {hub &&
          places.map(({ member, x, y }) => {
            if (member.node === hub.member.node) return null;
            const fresh = isFresh(member);
            return (
              <line
                key={member.node}
                x1={hub.x}
                y1={hub.y}
                x2={x}
                y2={y}
                stroke={fresh ? "var(--g-blue)" : "var(--g-muted)"}
                strokeWidth={fresh ? 2 : 1.5}
                strokeDasharray={fresh ? undefined : "4 5"}
                opacity={fresh ? 0.7 : 1}
              />
            );
          })}
        {places.map(({ member, x, y }) => {
          const leads = member.role === "leader";
          const heard = member.role !== "unknown";
          return (
            <g key={member.node} transform={`translate(${x} ${y})`}>
              <circle
                r={25}
                fill={leads ? "var(--g-blue)" : "var(--surface)"}
                stroke={heard ? "var(--g-blue)" : "var(--g-muted)"}
                strokeWidth={2}
                strokeDasharray={heard ? undefined : "4 4"}
              />
              {leads && <path d="M-9 -29L-11 -42L-4.5 -36.5L0 -45L4.5 -36.5L11 -42L9 -29Z" fill="var(--g-orange)" />}
              <text textAnchor="middle" y={1} fontSize={14} fontWeight={600} fill={leads ? "#fff" : "var(--ink)"}>
                {member.node}
              </text>
              <text textAnchor="middle" y={14} fontSize={9} fill={leads ? "#fff" : "var(--ink-3)"}>
                {`e${member.epoch}`}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption className="mt-1 text-center text-xs text-ink-3">
        Solid line: fetches from the leader. Dashed: not heard for 3 s.
      </figcaption>
    </figure>
  );
}

const freshMs = 3_000;

function isFresh(member: QuorumFields): boolean {
  return member.role !== "unknown" && member.fetch_age !== null && member.fetch_age < freshMs;
}
