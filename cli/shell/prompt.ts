import { basename, join } from "node:path";
import { packageRoot } from "../../local/root";

const file = (...names: string[]): string => join(packageRoot, "cli", "shell", ...names);

/** A shell to be started: its command line, and what its environment has besides. */
interface Shell {
  argv: string[];
  environment: NodeJS.ProcessEnv;
}

/** Where one is, for the prompt: `lab:dev`, or the stack's name where the lab has no part in it. */
export const placeName = (stack: string, usesLab: boolean): string => (usesLab ? `lab:${stack}` : stack);

/**
 * The user's shell, with a prompt that begins with where it is. What the user's own files say stays.
 *
 * @param path of the shell
 * @param place such as `lab:dev`
 */
export function promptingShell(path: string, place: string, user: NodeJS.ProcessEnv = process.env): Shell {
  const environment = { HA_RANCHER_SHELL: place };
  switch (basename(path)) {
    case "bash":
      return { argv: [path, "--rcfile", file("bashrc.bash"), "-i"], environment };
    case "zsh": {
      const own = user.ZDOTDIR ? { HA_RANCHER_ZDOTDIR: user.ZDOTDIR } : {};
      return { argv: [path, "-i"], environment: { ...environment, ZDOTDIR: file("zsh"), ...own } };
    }
    case "fish":
      return { argv: [path, "--init-command", `source ${file("prompt.fish")}`], environment };
    default: {
      // An interactive shell of POSIX reads this file.
      const own = user.ENV ? { HA_RANCHER_ENV: user.ENV } : {};
      return { argv: [path], environment: { ...environment, ENV: file("env.sh"), ...own } };
    }
  }
}
