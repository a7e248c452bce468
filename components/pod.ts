import {
  type CompanionOptions,
  type ContainerOptions,
  type ContainerPlan,
  type HookOptions,
  labelNames,
  planContainer,
  questionLabels,
} from "./container-plan";
import { fingerprint } from "./on-node";

/*
 * Several containers that are one service. They share one control group, so that the agent kills all of them by one write and
 * tells by one look whether any lives; one network, that of the one that starts first, so that they reach each other at
 * 127.0.0.1 and by their names; and one fingerprint, so that another image of any of them makes new ones of all of them beside
 * those that run, and an upgrade has its way back as with one container. The agent decides as if there were one.
 */

/** The control group of all of them, which Docker makes; node/agent/cgroup.py knows it, too. */
const podGroup = "system-harancher.slice";

/** A service's containers. */
export interface ServicePlan {
  /** The one that the service is known by. */
  main: ContainerPlan;
  /** All of them, each after those that must be made first. */
  all: ContainerPlan[];
}

/** Plans all containers of a service; with one alone it is as {@link planContainer} plans it. */
export function planService(base: string, options: ContainerOptions): ServicePlan {
  const { companions = [], hooks = [] } = options;
  const alone = planContainer(base, options);
  if (companions.length + hooks.length === 0) return { main: alone, all: [alone] };
  const parts = [...companions, ...hooks].map((part) => ({ part, plan: planPart(part) }));
  const made = [
    alone.name,
    ...parts.map(({ plan }) => plan.name),
    companions.map(({ health }) => health),
    hooks.map(shapeOf),
  ];
  const release = fingerprint(JSON.stringify(made)).slice(0, 8);
  const nameOf = (name: string): string => `${base}-${name}-${release}`;
  const [first] = companions;
  const names = [base, ...companions.map(({ name }) => name)];
  // Ports and names are the network's, and that is the first one's.
  const network = first && { container: nameOf(first.name) };
  const owner = { ports: options.ports, pod: { group: podGroup, hosts: first ? names : [] } };
  const main: ContainerPlan = {
    ...alone,
    ...(network ? { ports: [], pod: { group: podGroup, network: network.container } } : owner),
    name: `${base}-${release}`,
    labels: labelsOf(options, { ...options, companions, hooks }, nameOf),
  };
  const others = parts.map(({ part, plan }) => ({
    ...plan,
    ...(part === first
      ? owner
      : { pod: { group: podGroup, ...("when" in part ? {} : { network: network?.container ?? "" }) } }),
    ...("when" in part ? { entrypoint: part.command.slice(0, 1), command: part.command.slice(1) } : {}),
    name: nameOf(part.name),
  }));
  return { main, all: [...others, main] };
}

const shapeOf = ({ when, timeout }: HookOptions): unknown => [when, timeout];

/** One of them but for what it has of the others; it is found by its image's name, and is none that the agent is told to run. */
function planPart({
  name,
  health: _,
  ...part
}: CompanionOptions & { when?: unknown; timeout?: unknown }): ContainerPlan {
  const plan = planContainer(name, { ...part, ports: [], health: [] });
  return { ...plan, labels: plan.labels.filter(({ label }) => label !== labelNames.questions) };
}

/** The main one's labels: the questions of all, and the others' names (node/release/name reads them). */
function labelsOf(
  main: ContainerOptions,
  { companions, hooks }: { companions: CompanionOptions[]; hooks: HookOptions[] },
  nameOf: (name: string) => string,
): ContainerPlan["labels"] {
  const questions = companions.flatMap(({ name, health = [] }) =>
    health.map((question) => ({ ...question, container: nameOf(name) })),
  );
  const hooksOf = (wanted: HookOptions["when"]) =>
    hooks
      .filter(({ when }) => when === wanted)
      .map(({ name, timeout }) => ({ container: nameOf(name), timeout: Math.round(timeout * 1_000) }));
  const pod = {
    companions: companions.map(({ name }) => nameOf(name)),
    before: hooksOf("beforeStart"),
    after: hooksOf("afterStop"),
  };
  return [
    { label: labelNames.image, value: main.image },
    ...questionLabels([...main.health, ...questions]),
    { label: labelNames.pod, value: JSON.stringify(pod) },
    ...(main.mountsAllData ? [{ label: labelNames.volumes, value: "mounted" }] : []),
  ];
}
