import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Node } from "../../components/node";
import {
  describe,
  lookupDeadline,
  masterAmong,
  notOneHolder,
  type Observation,
  type Reachable,
} from "../../components/observe";
import type { Page } from "../../domain/page";
import { shownLine } from "../../domain/shown-text";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { answerOf } from "../../providers/remote/answer";
import type { SshEndpoint } from "../../providers/remote/endpoint";
import { runNodeScript } from "../../providers/remote/script";
import { connectAhead } from "../../providers/remote/ssh";
import { type Holders, measureEach } from "../../providers/vip/holders";
import { waitForPing } from "../../providers/vip/ping";
import type { AddressVip } from "./args";
import { askedAtVip } from "./asked";

/** A VIP as the stack's outputs show it. */
export interface VipOutput {
  name: string;
  /** Without prefix. */
  vip: string;
  /** Where it is asked whether it leads to what runs on its node. */
  url: string;
  /** What it answers there. */
  answers: Page;
  /** Measured at every `up`; `none` or `several (...)` if there is not exactly one. */
  currentMaster: string;
  /** All nodes that have it on an interface, as measured. */
  vipHolders: string[];
}

interface ObserveVipsArgs {
  nodes: Node[];
  vips: AddressVip[];
  /** Seconds in which an update must see each VIP at one node, and answering. */
  deadline: number;
  /** In an update, observed once this is known. */
  after: pulumi.Output<unknown>;
}

/** Milliseconds between two measurements, and for one of them in an update, which keeps nodes busy. */
const between = { pause: 500, once: 10_000 };

/**
 * Looks who holds each VIP. In an update it first waits until each one has exactly one holder, and answers, and fails if that
 * takes longer than `deadline`. It is a lookup and not a resource, so that it runs at every `up` and never shows as a change.
 */
export function observeVips(args: ObserveVipsArgs): pulumi.Output<Observation & { vips: VipOutput[] }> {
  for (const { ssh } of args.nodes)
    pulumi.unsecret(ssh).apply((known) => connectAhead(known, lookupDeadline));
  const endpoints = pulumi.unsecret(pulumi.all(args.nodes.map((node) => node.ssh)));
  const addresses = pulumi.all(args.nodes.map((node) => node.address));
  // A preview looks at what is there now: what it would change is not known yet, and not needed.
  const isPreview = pulumi.runtime.isDryRun();
  return pulumi.all([endpoints, addresses, isPreview ? [] : args.after]).apply(async ([ssh, address]) => {
    const nodes = args.nodes.map(({ name }, i) => ({
      ...{ name, address: address[i] as string, ssh: ssh[i] as SshEndpoint },
    }));
    const asked = args.vips.map(({ vip }) => vip.address);
    const found = isPreview
      ? await measureEach(nodes, asked, lookupDeadline)
      : await oneHolderEach(nodes, args, asked);
    return {
      ...describe(nodes, found[0] as Holders),
      vips: args.vips.map((vip, i): VipOutput => {
        const { url, page: answers } = askedAtVip(vip);
        const holders = found[i]?.holders ?? [];
        return {
          ...{ name: vip.name, vip: vip.vip.address, url, answers },
          ...{ currentMaster: masterAmong(holders), vipHolders: holders },
        };
      }),
    };
  });
}

/** @throws pulumi.RunError with what each node says, if it does not become so in time */
async function oneHolderEach(
  nodes: Reachable[],
  { vips, deadline }: ObserveVipsArgs,
  asked: string[],
): Promise<Holders[]> {
  const end = performance.now() + deadline * 1_000;
  for (;;) {
    const found = await measureEach(nodes, asked, between.once);
    const wrong = found.findIndex(({ holders }) => holders.length !== 1);
    if (wrong < 0) {
      await allAnswer(nodes, vips, end);
      return found;
    }
    if (performance.now() > end)
      throw new pulumi.RunError(
        await explained(nodes, notOneHolder(asked[wrong] as string, found[wrong] as Holders)),
      );
    await sleep(between.pause);
  }
}

async function allAnswer(nodes: Reachable[], vips: AddressVip[], end: number): Promise<void> {
  for (const vip of vips) {
    const { url, page } = askedAtVip(vip);
    try {
      await waitForPing(url, page, Math.max(1_000, end - performance.now()));
    } catch (error) {
      throw new pulumi.RunError(
        await explained(nodes, `the VIP ${vip.name} does not answer: ${messageOf(error)}`),
      );
    }
  }
}

/** With why nodes refuse VIPs, which they say themselves. */
async function explained(nodes: Reachable[], words: string): Promise<string> {
  const reasons = await Promise.all(nodes.map(reasonsOf));
  return [
    words,
    ...reasons.flat(),
    `What exists is in the state. Mend the cause and run \`${callOf("up")}\` again; \`${callOf("status")}\` shows each node.`,
  ].join("\n");
}

/** What a node says of itself is input: only these fields are read. */
const said = z.object({
  status: z.object({
    vips: z
      .array(z.object({ name: z.string().max(100), fit: z.boolean(), reason: z.string().nullish() }))
      .max(100)
      .default([]),
  }),
});

async function reasonsOf({ name, ssh }: Reachable): Promise<string[]> {
  try {
    const { status } = answerOf(
      said,
      "host/agent-state",
      await runNodeScript(ssh, { path: "host/agent-state", limit: 30_000 }),
    );
    return status.vips.flatMap(({ name: vip, fit, reason }) =>
      fit ? [] : [shownLine(`${name} refuses the VIP ${vip}: ${reason ?? "it does not say why"}`, 500)],
    );
  } catch (error) {
    return [shownLine(`${name}: ${messageOf(error)}`, 500)];
  }
}
