import { onNode, yieldVip } from "./action";
import { crashGap, goesOn, keepalivedRestart, plannedGap, plannedMove, settling } from "./bounds";
import type { Fault, Roles } from "./fault";

const unit = "keepalived.service";
const nothing = (): [] => [];
/** systemd starts keepalived again at once, so there is nothing to heal. */
const signal = (who: "main" | "children" | "all", name: string) => (roles: Roles) => [
  onNode(roles.holder.name, "signal", unit, who, name),
];

const hung = (seconds: number): Fault => ({
  name: `keepalived-hang-${seconds}s`,
  what: `all of the holder's keepalived is stopped (SIGSTOP) for ${seconds} s`,
  needs: [],
  lasts: seconds,
  inject: signal("all", "STOP"),
  heal: signal("all", "CONT"),
  // Both nodes have the VIP until the hung keepalived sends adverts again.
  keeps: "service",
  bounds: () => ({ serviceGap: goesOn, twoHolders: seconds * 1000 + settling }),
});

/** Faults of keepalived. */
export const keepalivedFaults: Fault[] = [
  {
    name: "switchover",
    what: "the holder gives the VIP away in order",
    needs: [],
    takeover: "planned",
    lasts: "served",
    inject: ({ holder }) => [yieldVip(holder.name, 60)],
    heal: ({ holder }) => [yieldVip(holder.name, 0)],
    bounds: (timing) => ({
      vipGap: plannedGap(timing),
      serviceGap: plannedMove(timing),
      twoHolders: settling,
    }),
  },
  {
    name: "keepalived-term",
    what: "the holder's keepalived is ended by SIGTERM; systemd starts it again",
    needs: [],
    takeover: "planned",
    lasts: "served",
    inject: signal("main", "TERM"),
    heal: nothing,
    keeps: "service",
    bounds: () => ({
      vipGap: goesOn,
      serviceGap: goesOn,
      twoHolders: settling,
    }),
  },
  {
    name: "keepalived-kill-parent",
    what: "the parent of the holder's keepalived is killed, which ends its children in order",
    needs: [],
    takeover: "planned",
    lasts: "served",
    inject: signal("main", "KILL"),
    heal: nothing,
    keeps: "service",
    bounds: () => ({
      vipGap: goesOn,
      serviceGap: goesOn,
      twoHolders: keepalivedRestart,
    }),
  },
  {
    name: "keepalived-kill-child",
    what: "the VRRP process of the holder's keepalived is killed; its parent starts another one",
    needs: [],
    lasts: "served",
    inject: signal("children", "KILL"),
    heal: nothing,
    keeps: "service",
    bounds: () => ({
      vipGap: goesOn,
      serviceGap: goesOn,
      twoHolders: keepalivedRestart,
    }),
  },
  {
    name: "keepalived-kill-both",
    what: "all of the holder's keepalived is killed: its VIP stays on the interface until systemd has started it again",
    needs: [],
    takeover: "crash",
    lasts: "served",
    inject: signal("all", "KILL"),
    heal: nothing,
    keeps: "service",
    bounds: () => ({
      vipGap: goesOn,
      serviceGap: goesOn,
      twoHolders: keepalivedRestart,
    }),
  },
  hung(3),
  hung(30),
  {
    name: "rolling-reload",
    what: "every keepalived reads its file again, one node after the other, the holder last",
    needs: [],
    lasts: 5,
    inject: ({ holder, all }) =>
      [...all.filter(({ name }) => name !== holder.name), holder].map(({ name }) => onNode(name, "reload")),
    heal: nothing,
    keeps: "service",
    bounds: (timing) => ({
      vipGap: crashGap(timing),
      serviceGap: goesOn,
      twoHolders: settling,
    }),
  },
  {
    name: "wrong-config-reload",
    what: "the holder's keepalived.conf is nonsense, and keepalived is told by a signal to read its file",
    needs: [],
    lasts: 15,
    inject: ({ holder }) => [onNode(holder.name, "bad-config")],
    heal: ({ holder }) => [onNode(holder.name, "good-config")],
    keeps: "service",
    bounds: () => ({
      vipGap: goesOn,
      serviceGap: goesOn,
      twoHolders: keepalivedRestart,
    }),
  },
];
