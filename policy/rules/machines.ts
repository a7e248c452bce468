import { catalogEnds, isOfPublicCatalog } from "../../domain/box-catalog";
import { isCloudImage } from "../../domain/cloud-image";
import { callOf } from "../../local/called";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import { check, levels, type Rule, types } from "../rule";

const isBridged = ({ networks = [] }: Partial<MachineInputs>): boolean =>
  networks.some(({ type }) => type === "public");

const noInsecureKey: Rule = {
  name: "no-insecure-key",
  reason:
    "Everybody has the private key that Vagrant boxes let in: whoever reaches the machine is root on it.",
  remedy: "Leave `sshInsertKey` at true, or give `sshPrivateKey`.",
  severity: "critical",
  beyond: "The settings have no `sshInsertKey`: it is an input of a `Machine` of your own.",
  levels: levels("remediate"),
  resources: {
    [types.machine]: check<MachineInputs>((props, { environment }) => {
      if (!keepsInsecureKey(props)) return [];
      if (isBridged(props)) return ["The machine keeps Vagrant's well-known key on a bridged network"];
      return environment === "dev" ? [] : ["The machine keeps Vagrant's well-known key"];
    }),
  },
  remediate: {
    type: types.machine,
    correct: (props, { environment }) => {
      const isWrong = keepsInsecureKey(props) && (environment !== "dev" || isBridged(props));
      if (isWrong) props.sshInsertKey = true;
      return isWrong;
    },
  },
};

const keepsInsecureKey = ({ sshInsertKey, sshPrivateKey }: Partial<MachineInputs>): boolean =>
  sshInsertKey === false && !sshPrivateKey;

const boxPinned: Rule = {
  name: "box-pinned",
  reason: "A box without a version and checksum is another one tomorrow, or somebody else's.",
  remedy: "Give `boxVersion`; for a box that is named by its file (`boxUrl`) give `boxChecksum`, too.",
  severity: "medium",
  beyond: "The settings take a box without a version.",
  levels: levels("mandatory", { dev: "disabled", blog: "advisory" }),
  resources: {
    [types.machine]: check<MachineInputs>(({ box, boxVersion, boxUrl, boxChecksum }) => {
      if (!box) return [];
      // Its name comes from the image's checksum.
      if (isCloudImage(boxUrl)) return [];
      // A catalog (.json, or Vagrant's own) has a checksum for each of its versions.
      const isFile = boxUrl !== undefined && !/\.json([?#]|$)/.test(boxUrl);
      return [
        ...(boxVersion || isFile ? [] : [`The box ${box} has no version`]),
        ...(isFile && !boxChecksum ? [`The box ${box} comes from a file without a checksum`] : []),
      ];
    }),
  },
};

const boxOutlivesCatalog: Rule = {
  name: "box-outlives-catalog",
  reason: `The public catalog of boxes is announced to end in ${catalogEnds}: no machine can be made then of a box that only it has.`,
  remedy:
    "Leave `box` out, and one is made of Debian's cloud image; or give `boxUrl` of a place that you trust to stay.",
  severity: "medium",
  beyond: `The settings take any box; \`${callOf("doctor")}\` names one of the catalog.`,
  levels: levels("advisory", { prod: "mandatory" }),
  resources: {
    [types.machine]: check<MachineInputs>(({ box, boxUrl }) =>
      isOfPublicCatalog({ box, boxUrl }) ? [`The box ${box} comes from the public catalog`] : [],
    ),
  },
};

const providerOfEnvironment: Rule = {
  name: "provider-of-environment",
  reason: "Vagrant's machines live and die with one desktop or lab: nothing that matters runs on them.",
  remedy: "Use existing hosts as nodes, or another `environment`.",
  severity: "medium",
  beyond: "The settings take machines in every environment.",
  levels: levels("mandatory", { hosts: "advisory" }),
  config: {
    vagrant: {
      type: "boolean",
      description: "Whether nodes may be Vagrant machines.",
      default: (environment) => environment === "dev" || environment === "blog",
    },
  },
  resources: {
    [types.machine]: check<MachineInputs>(({ hypervisor }, { config, environment }) =>
      config.vagrant ? [] : [`The machine is made by Vagrant (${hypervisor}), and this is ${environment}`],
    ),
  },
};

export const machineRules: Rule[] = [noInsecureKey, boxPinned, boxOutlivesCatalog, providerOfEnvironment];
