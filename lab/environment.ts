import type { LabDescription } from "./description";
import { layout } from "./layout";
import { within } from "./namespace";

/** Variables of the caller that would lead programs in the lab astray: nothing leaves it, so no proxy is reached. */
const misleading = new Set([
  ...["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"],
  ...["VAGRANT_NO_PARALLEL", "VAGRANT_CWD", "VAGRANT_VAGRANTFILE", "VAGRANT_DOTFILE_PATH"],
]);

/** The environment of programs in the lab: the given one, with what leads Vagrant and libvirt's clients to the lab. */
export function labEnvironment(lab: LabDescription, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(([name]) => !misleading.has(name));
  const paths = layout(lab.home);
  return {
    ...Object.fromEntries(kept),
    HA_RANCHER_LAB: paths.description,
    LIBVIRT_DEFAULT_URI: lab.libvirtUri,
    VAGRANT_HOME: paths.vagrant,
    VAGRANT_DEFAULT_PROVIDER: "libvirt",
    VAGRANT_CHECKPOINT_DISABLE: "1",
  };
}

/**
 * How to run a program in the lab's network, in the current folder, with the environment that leads it to the lab.
 *
 * @param argv the program and its arguments
 * @param extra variables that win over the others
 */
export function insideLab(
  lab: LabDescription,
  argv: string[],
  extra: NodeJS.ProcessEnv = {},
): { command: string; args: string[]; env: NodeJS.ProcessEnv } {
  const [command = "", ...args] = within(lab.namespace)(argv);
  return { command, args, env: { ...labEnvironment(lab, process.env), ...extra } };
}

/**
 * As {@link insideLab}, for a program whose environment was made from this process's own. Only what differs from that
 * is added, so that what leads nowhere in the lab, such as a proxy, stays out.
 */
export function insideLabWith(
  lab: LabDescription,
  argv: string[],
  environment: NodeJS.ProcessEnv,
): ReturnType<typeof insideLab> {
  const added = Object.entries(environment).filter(([name, value]) => process.env[name] !== value);
  return insideLab(lab, argv, Object.fromEntries(added));
}
