import { Harness } from "./harness.ts";
const seed = Number(process.argv[2]); const from = Number(process.argv[3]);
const h: any = new Harness({ seed, replicas: 2 + (seed % 2), minIsr: 1 + (seed % 3 === 0 ? 1 : 0), lostPerMille: seed % 5 === 0 ? 0 : 20, doubledPerMille: 20, troublesPerSecond: seed % 7 === 0 ? 0 : 2, troubledMs: 8000 });
const say = (...a: any[]) => { if (h.nowMs >= from) console.log(h.nowMs, ...a); };
const c = h.controller;
for (const name of ["register", "fence", "moveLeader", "alter"]) { const o = c[name].bind(c); c[name] = (...a: any[]) => { const r = o(...a); const x = c.current.assignment; say("C", name, JSON.stringify(a), "->", JSON.stringify(r), "leader", x.leader, "le", x.leaderEpoch, "pe", x.partitionEpoch, "isr", x.isr.join()); return r; }; }
const crash = h.crash.bind(h); h.crash = (m: any) => { say("CRASH", m.id, "leo", m.node.log.logEndOffset, "dur", m.node.log.durableEndOffset); crash(m); };
const oe = h.onEffect.bind(h); h.onEffect = (n: any, e: any) => { const { partition, ...rest } = e; say("E", n.id, JSON.stringify(rest), "leo", n.log.logEndOffset, "dur", n.log.durableEndOffset, "hw", n.log.highWatermark, n.partition.state.role, n.partition.leaderEpoch); oe(n, e); };
try { h.run(); } catch (e) { console.log((e as Error).message); }
