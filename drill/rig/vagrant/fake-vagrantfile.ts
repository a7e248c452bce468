import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/** What the fake `vagrant` understands of a Vagrantfile of the kind that this project generates. */
export interface Wishes {
  name: string;
  hypervisor: string;
  box: string;
  boxVersion: string;
  addresses: string[];
  networks: string[];
  sshHost: number | undefined;
  forwarded: number[];
  memory: number;
  uuid: string;
  domain: string;
  /** Private keys that Vagrant may use, those that exist. */
  keyFiles: string[];
  provisioners: { name: string; script: string }[];
}

const rubyText = (literal: string): string =>
  literal
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (_, code: string | undefined, character: string) =>
      code ? String.fromCodePoint(Number.parseInt(code, 16)) : ({ n: "\n", t: "\t" }[character] ?? character),
    );

const string = '("(?:[^"\\\\]|\\\\.)*")';

function literal(text: string, before: string): string | undefined {
  const match = new RegExp(`${before}${string}`).exec(text)?.[1];
  return match === undefined ? undefined : rubyText(match);
}

const number = (text: string, before: string): number | undefined => {
  const match = new RegExp(`${before}(\\d+)`).exec(text)?.[1];
  return match === undefined ? undefined : Number(match);
};

function cidr(line: string, i: number): string {
  const bits = (literal(line, "netmask: ") ?? "255.255.255.0")
    .split(".")
    .map((part) => Number(part).toString(2).replace(/0/g, ""))
    .join("").length;
  return `${literal(line, "ip: ") ?? `172.28.128.${i + 3}`}/${bits}`;
}

export function readVagrantfile(): Wishes {
  const text = readFileSync("Vagrantfile", "utf8");
  const lines = (start: string): string[] => text.split("\n").filter((line) => line.trim().startsWith(start));
  const name = literal(text, "config\\.vm\\.define ") ?? "";
  const privates = lines('config.vm.network "private_network"');
  const ports = lines('config.vm.network "forwarded_port"');
  const host = (line: string): number => number(line, " host: ") ?? 0;
  return {
    name,
    hypervisor: literal(text, "config\\.vm\\.provider ") ?? "",
    box: literal(text, "config\\.vm\\.box = ") ?? "",
    boxVersion: literal(text, "config\\.vm\\.box_version = ") ?? "",
    addresses: [...privates, ...lines('config.vm.network "public_network"')].map(cidr),
    networks: privates.map(
      (line, i) => literal(line, "libvirt__network_name: ") ?? cidr(line, i).replace(/\.\d+\//, ".0/"),
    ),
    sshHost: ports.filter((line) => line.includes('id: "ssh"')).map(host)[0],
    forwarded: ports.map(host),
    memory: number(text, "hypervisor\\.memory = ") ?? 0,
    uuid: literal(text, "hypervisor\\.uuid = ") ?? randomUUID(),
    domain:
      literal(text, "hypervisor\\.name = ") ?? (literal(text, "hypervisor\\.default_prefix = ") ?? "") + name,
    keyFiles: [
      ...(/keys = \[([^\]]*)\]/.exec(text)?.[1] ?? "").matchAll(new RegExp(`^\\s*${string},$`, "gm")),
    ]
      .map(([, path]) => rubyText(path ?? '""'))
      .filter((path) => existsSync(path)),
    provisioners: lines("config.vm.provision").map((line) => ({
      name: literal(line, "config\\.vm\\.provision ") ?? "",
      script: literal(line, "inline: ") ?? "",
    })),
  };
}
