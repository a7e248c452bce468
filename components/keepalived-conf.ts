/** The settings of one node's keepalived.conf. */
export interface KeepalivedConf {
  /** The node's name. */
  node: string;
  /** The node's own address and the interface that carries it. */
  address: string;
  interface: string;
  /** Addresses of the other nodes. */
  peers: string[];
  vip: { address: string; prefix: number };
  /** 1 to 254, distinct between nodes. */
  priority: number;
  /** 1 to 255, equal on all nodes, unique on the network. */
  virtualRouterId: number;
  /** Seconds, 0.05 to 40, equal on all nodes. */
  advertInterval: number;
}

/**
 * The one function through which values reach keepalived.conf: keepalived has no quoting that covers its comment
 * (`#`, `!`), block and `$` characters, so a word that would need it is refused.
 */
export function keepalivedWord(value: string | number): string {
  const text = String(value);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:/-]*$/.test(text))
    throw new Error(`${JSON.stringify(text)} cannot stand in keepalived.conf: use letters, digits and _.:/-`);
  return text;
}

/**
 * keepalived.conf of a node: VRRPv3, unicast, every node starts as BACKUP with `nopreempt`.
 * The reasons for each line are in docs/architecture.md, "The floating IP".
 */
export function keepalivedConf(conf: KeepalivedConf): string {
  const word = keepalivedWord;
  const dev = word(conf.interface);
  return `# Made by ha-rancher. A change by hand is drift: the next \`pulumi up --refresh\` takes it back.
global_defs {
    router_id ${word(conf.node)}
    vrrp_version 3
    enable_script_security
    # keepalived 2.2.7 ends its own configuration test when this is another user.
    script_user root
    # Hear a living holder before taking the VIP after a start.
    vrrp_startup_delay ${word(Math.max(2, Math.ceil(conf.advertInterval * 4)))}
    # Gratuitous ARP: three at once and after a second, then every 15 s (mends neighbours after a frozen holder).
    vrrp_garp_master_delay 1
    vrrp_garp_master_repeat 3
    vrrp_garp_master_refresh 15
    vrrp_garp_lower_prio_repeat 2
    # A busy machine must not look like a dead one. With real-time priority the kernel kills a process that computes
    # for longer than a limit, keepalived's default of 10 ms is too short for a start on an emulated processor.
    vrrp_rt_priority 50
    vrrp_rlimit_rttime 2000000
    vrrp_no_swap
}

# Written by the guard: 0 = may hold the VIP, anything else = fault. Weight 0, since with \`nopreempt\` a weight
# never moves the VIP.
track_file ha_rancher {
    file /run/ha-rancher/track
    weight 0
    # A node whose guard never ran does not take the VIP.
    init_file 1
}

vrrp_instance ha_rancher {
    state BACKUP
    nopreempt
    interface ${dev}
    virtual_router_id ${word(conf.virtualRouterId)}
    priority ${word(conf.priority)}
    advert_int ${word(conf.advertInterval)}
    unicast_src_ip ${word(conf.address)}
    unicast_peer {
${conf.peers.map((peer) => `        ${word(peer)}`).join("\n")}
    }
    check_unicast_src
    virtual_ipaddress {
        ${word(conf.vip.address)}/${word(conf.vip.prefix)} dev ${dev}
    }
    track_file {
        ha_rancher
    }
    notify /usr/local/lib/ha-rancher/vrrp-notify
}
`;
}

/** Adverts that keepalived misses before it takes over: its default for \`down_timer_adverts\`. */
const downTimerAdverts = 3;

/**
 * How long the VIP may be without a holder, seconds, as keepalived's timers promise (vrrp.h,
 * VRRP_MS_DOWN_TIMER and VRRP_TIMER_SKEW_CALC for version 3): after a crash the backup waits three adverts and its
 * skew, after a planned move the skew alone. The worst backup, the one of the lowest priority, counts.
 */
export function takeoverBound(
  advertInterval: number,
  priorities: number[],
): { crash: number; planned: number } {
  const skew = ((256 - Math.min(...priorities)) / 256) * advertInterval;
  const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
  return { crash: rounded(downTimerAdverts * advertInterval + skew), planned: rounded(skew) };
}
