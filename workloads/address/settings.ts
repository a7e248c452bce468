import ipaddr from "ipaddr.js";
import { z } from "zod";
import { parseVip } from "../../domain/network";
import { group, list, number, pageSettings, setting, text, truth, whole } from "../../settings/values";

/* Settings of `workload: address`: whatever runs on the nodes already, behind one floating IP or several. */

const nameError = "must be a short name of lower-case letters, digits and dashes, such as web";

const page = pageSettings("The port, on the node's own address", "What it answers while all is well");

const unit = text
  .regex(/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.(service|socket|target|timer|path|mount)$/, {
    error: "must be a unit of systemd with its kind, such as nginx.service",
  })
  .max(200, { error: "must have at most 200 characters" });

const word = text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: "must be one line, without control characters" })
  .max(4_000, { error: "must have at most 4000 characters" });

const command = z
  .array(word, { error: "must be a list of words: the program, and its arguments" })
  .min(1, { error: "must name a program" })
  .max(100, { error: "must have at most 100 entries" })
  .refine(([program]) => String(program).startsWith("/"), {
    error: "must begin with the absolute path of a program on the nodes",
  });

/** What is asked by each kind of check. */
const asked = {
  http: setting(page.optional(), "A page that is asked for", "none"),
  tcp: setting(whole(1, 65_535).optional(), "A port of the node that takes connections", "none"),
  unit: setting(unit.optional(), "A unit of systemd that is active", "none"),
  process: setting(
    text
      .regex(/^[!-.0-~][ -.0-~]{0,14}$/, {
        error: "must be a process's name as in /proc/PID/comm, of which the kernel keeps 15 characters",
      })
      .optional(),
    "The name of a process that runs",
    "none",
  ),
  command: setting(command.optional(), "A program of the node, run as root, that ends with 0", "none"),
};

/** The kinds of checks. */
const kinds = ["http", "tcp", "unit", "process", "command"] as const;

const check = group({
  ...asked,
  weight: setting(
    whole(1, 253).optional(),
    "So much less the node's priority for the VIP is while this is not well, in place of a refusal; needs `preempt`",
    "none: while it is not well the node refuses the VIP",
  ),
  onHolder: setting(
    truth.default(false),
    "Asked only where the VIP is, of what is started with it; always so of a unit in `units`",
  ),
  every: setting(number(0.1, 3_600, " s").default(0.5), "Seconds between two questions"),
  timeout: setting(number(0.1, 60, " s").default(2), "Seconds for an answer"),
  fall: setting(whole(1, 100).default(2), "Bad answers in a row that count"),
  rise: setting(whole(1, 100).default(2), "Good answers in a row that count"),
}).refine((given) => kinds.filter((kind) => given[kind] !== undefined).length === 1, {
  error: `must have one of ${kinds.map((kind) => `\`${kind}\``).join(", ")}, and only one`,
});

const cidr = text.refine(
  (value) => ipaddr.IPv4.isValidCIDRFourPartDecimal(value) && parseVip(value) !== undefined,
  { error: "must be an IPv4 address with its subnet's prefix, such as 192.168.56.20/24" },
);

const vip = group({
  name: setting(
    text.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { error: nameError }).max(20, { error: nameError }),
    "What it is called, in messages and in keepalived",
  ),
  vip: setting(cidr.optional(), "The floating IP with its subnet's prefix", "the first one's is `vip`"),
  virtualRouterId: setting(
    whole(1, 255).optional(),
    "VRRP's number of it, unique on the network; the first one's is `virtualRouterId`",
    "the VIP's last number",
  ),
  preferred: setting(
    text.optional(),
    "Name of the node that is to have it first",
    "the one of the highest priority",
  ),
  preempt: setting(
    truth.optional(),
    "Whether it goes back to a more preferred node that can have it again",
    "`keepalived.preempt`",
  ),
  preemptDelay: setting(
    number(0, 1_000, " s").optional(),
    "Seconds that such a node waits before",
    "`keepalived.preemptDelay`",
  ),
  checks: setting(
    z
      .array(check, { error: "must be a list of checks, such as `- tcp: 80`" })
      .max(8, { error: "must have at most 8 checks" })
      .default([]),
    "What must be well on a node for it to have the VIP",
    "none",
  ),
  units: setting(
    list(unit, { of: "units", most: 8 }),
    "systemd's units that are started where the VIP is, in this order, and stopped elsewhere",
  ),
});

const address = group({
  vips: setting(
    z
      .array(vip, { error: "must be a list of VIPs, each with a `name`" })
      .min(1, { error: "must have at least one VIP" })
      .max(20, { error: "must have at most 20 VIPs" })
      .default([vip.parse({ name: "main" })]),
    "The VIPs, each of which moves by itself, with what must be well and what is started with it; the first one is `vip`",
    "`vip` alone, without checks",
  ),
  startLimit: setting(
    whole(1, 3_600, " s").default(60),
    "Seconds that the units of a VIP may take to start, and to stop; so long checks with `onHolder` may fail at first",
  ),
});

export type AddressSettings = z.infer<typeof address>;
export type AddressVipSettings = z.infer<typeof vip>;

/** The settings of what stands behind the floating IP alone. */
export const addressShape = {
  address: setting(
    address.default(address.parse({})),
    "With `workload` address: its VIPs, with what must be well on a node that has one: workloads/address/README.md",
    "`vip` alone, without checks",
  ),
};
