import { missingPackages } from "../../lab/packages";
import { isStandIn, mayStandIn, wantedPlugins } from "../../lab/plugins/install";
import { callOf } from "../../local/called";
import { newerNode, oldestNode } from "../../local/node-js";
import { pulumiHome } from "../../local/paths";
import { rememberedToolchain } from "../../local/toolchain";
import { isAtLeast, minimumVersion } from "../../local/toolchain/installed";
import { type Check, type Finding, fault, remark, runsHere, well } from "./check";

const node: Check = {
  name: "node",
  beforeUp: true,
  look({ machine: { nodeVersion } }) {
    const major = Number(nodeVersion.split(".")[0]);
    const tested = [oldestNode, ...newerNode];
    if (tested.includes(major)) return well(`Node.js ${nodeVersion}`);
    const install = `install Node.js ${tested.slice(0, -1).join(", ")} or ${tested.at(-1)}: https://nodejs.org/`;
    return major < oldestNode
      ? fault(`Node.js is ${nodeVersion}, and ${oldestNode} is the oldest that works`, install)
      : remark(`Node.js is ${nodeVersion}, with which nothing was tested`, install);
  },
};

const pulumi: Check = {
  name: "pulumi",
  async look({ machine }) {
    const toolchain = await rememberedToolchain();
    const origin = { path: "on PATH", download: "downloaded", build: "built from Go modules" };
    if (toolchain) return well(`Pulumi ${toolchain.version}, ${origin[toolchain.origin]}`);
    if (machine.program("pulumi")) {
      const { stdout } = await machine.run("pulumi", "version");
      const version = stdout.trim().replace(/^v/, "");
      if (isAtLeast(version, minimumVersion)) return well(`Pulumi ${version}, on PATH`);
    }
    const install = `install Pulumi ${minimumVersion} or newer: https://www.pulumi.com/docs/install/`;
    return machine.program("go")
      ? remark(
          `There is no Pulumi: the first \`${callOf("up")}\` downloads it, or builds it with Go (3 min)`,
          install,
        )
      : fault(
          "There is no Pulumi. If it cannot be downloaded, it cannot be built either: Go is missing",
          `${install}; or install Go 1.24 or newer: https://go.dev/dl/`,
        );
  },
};

function standInsTold(standIns: string[], inLab: boolean): Finding[] {
  const names = standIns.join(" and ");
  if (standIns.length === 0) return well("Pulumi's plugins");
  if (mayStandIn(inLab)) return well(`Pulumi's plugins; for ${names} the offline stand-ins`);
  return remark(
    `In place of Pulumi's plugins ${names} there are the lab's stand-ins, which are tested in the lab alone: \`${callOf("up")}\` downloads the official ones`,
  );
}

const plugins: Check = {
  name: "plugins",
  look({ machine, inLab }) {
    const wanted = wantedPlugins({ PULUMI_HOME: pulumiHome() });
    const missing = wanted.filter(({ folder }) => !machine.exists(folder)).map(({ name }) => name);
    if (missing.length > 0)
      return remark(
        `Pulumi's plugins ${missing.join(" and ")} are not there yet: \`${callOf("up")}\` installs them`,
      );
    const isIn = ({ folder }: { folder: string }): boolean =>
      isStandIn(machine.text(`${folder}/package.json`));
    const standIns = wanted.filter(isIn).map(({ name }) => name);
    const unchecked = wanted.filter((plugin) => plugin.sum === undefined && !isIn(plugin));
    return [
      ...standInsTold(standIns, inLab),
      ...unchecked.flatMap(({ name, version }) =>
        remark(
          `Pulumi's plugin ${name} ${version} was downloaded without a check: no sum of it is known here`,
          `where you know the sum: pulumi plugin install resource ${name} ${version} --reinstall --checksum SHA256`,
        ),
      ),
    ];
  },
};

/** The oldest version that supports everything in the generated Vagrantfiles. */
const oldestVagrant = "2.2.19";

const vagrant: Check = {
  name: "vagrant",
  beforeUp: true,
  async look(subject) {
    const { machine } = subject;
    // In the lab it is one of the Debian packages.
    if (!runsHere(subject)) return [];
    const install = "install Vagrant: https://developer.hashicorp.com/vagrant/install";
    if (!machine.program("vagrant"))
      return fault("`vagrant` is not on PATH, and the machines are made with it", install);
    const { code, stdout, stderr } = await machine.run("vagrant", "--version");
    const version = /Vagrant (\S+)/.exec(stdout)?.[1];
    if (code !== 0 || !version) return fault(`\`vagrant --version\` fails: ${lastLine(stderr)}`, install);
    return isAtLeast(version, oldestVagrant)
      ? well(`Vagrant ${version}`)
      : fault(`Vagrant is ${version}, and ${oldestVagrant} is the oldest that works`, install);
  },
};

const labPackages: Check = {
  name: "lab-packages",
  async look({ machine, hypervisor }) {
    if (hypervisor !== "lab" || !machine.program("dpkg-query")) return [];
    const missing = await missingPackages();
    if (missing.length === 0) return well("The lab's Debian packages are installed");
    return remark(
      `${missing.length} of the lab's Debian packages are missing: \`${callOf("up")}\` installs them, as root`,
      `apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
  },
};

/** The last line of a program's output, for a sentence. */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1) || "it says nothing";

export const programChecks: Check[] = [node, pulumi, plugins, vagrant, labPackages];
