import { missingPackages } from "../../lab/packages";
import { isStandIn, mayStandIn, wantedPlugins } from "../../lab/plugins/install";
import { pulumiHome } from "../../local/paths";
import { rememberedToolchain } from "../../local/toolchain";
import { isAtLeast, minimumVersion } from "../../local/toolchain/installed";
import { type Check, fault, remark, runsHere, well } from "./check";

const node: Check = {
  name: "node",
  beforeUp: true,
  look({ machine: { nodeVersion } }) {
    if (Number(nodeVersion.split(".")[0]) >= 20) return well(`Node.js ${nodeVersion}`);
    return fault(
      `Node.js is ${nodeVersion}, and 20 is the oldest that works`,
      "install Node.js 20 or newer: https://nodejs.org/",
    );
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
          "There is no Pulumi: the first `npm run up` downloads it, or builds it with Go (3 min)",
          install,
        )
      : fault(
          "There is no Pulumi. If it cannot be downloaded, it cannot be built either: Go is missing",
          `${install}; or install Go 1.24 or newer: https://go.dev/dl/`,
        );
  },
};

const plugins: Check = {
  name: "plugins",
  look({ machine, inLab }) {
    const wanted = wantedPlugins({ PULUMI_HOME: pulumiHome() });
    const missing = wanted.filter(({ folder }) => !machine.exists(folder)).map(({ name }) => name);
    if (missing.length > 0)
      return remark(
        `Pulumi's plugins ${missing.join(" and ")} are not there yet: \`npm run up\` installs them`,
      );
    const standIns = wanted
      .filter(({ folder }) => isStandIn(machine.text(`${folder}/package.json`)))
      .map(({ name }) => name);
    if (standIns.length > 0 && !mayStandIn(inLab))
      return remark(
        `In place of Pulumi's plugins ${standIns.join(" and ")} there are the lab's stand-ins, which are tested in the lab alone: \`npm run up\` downloads the official ones`,
      );
    return standIns.length > 0
      ? well(`Pulumi's plugins; for ${standIns.join(" and ")} the offline stand-ins`)
      : well("Pulumi's plugins");
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
      `${missing.length} of the lab's Debian packages are missing: \`npm run up\` installs them, as root`,
      `apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
  },
};

/** The last line of a program's output, for a sentence. */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1) || "it says nothing";

export const programChecks: Check[] = [node, pulumi, plugins, vagrant, labPackages];
