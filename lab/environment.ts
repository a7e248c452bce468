import type { LabDescription } from "./description";
import { layout } from "./layout";
import { within } from "./namespace";

/** Variables of the caller that programs in the lab must not get. No proxy can be reached from there, for example. */
const misleading = new Set([
  ...["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"],
  ...["VAGRANT_NO_PARALLEL", "VAGRANT_CWD", "VAGRANT_VAGRANTFILE", "VAGRANT_DOTFILE_PATH"],
]);

/**
 * The environment of programs in the lab: the given one, with variables that point Vagrant and libvirt's clients to the
 * lab.
 */
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
 * The command that runs a program in the lab's network, in the current folder, with the lab's environment.
 *
 * @param argv the program and its arguments
 * @param extra variables that take precedence over the others
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
 * Like {@link insideLab}, for a program whose environment was made from this process's own. Only differences from that
 * are added, so that variables that do not work in the lab, such as a proxy, stay out.
 */
export function insideLabWith(
  lab: LabDescription,
  argv: string[],
  environment: NodeJS.ProcessEnv,
): ReturnType<typeof insideLab> {
  const added = Object.entries(environment).filter(([name, value]) => process.env[name] !== value);
  return insideLab(lab, argv, Object.fromEntries(added));
}
