/**
 * The SHA-256 of what is downloaded from Pulumi, in hexadecimal. They are here, and not fetched from where the archives
 * are: whoever can change the one could change the other.
 *
 * Sources, both read on 2026-11-30: the CLI's are in the formula of 3.220.0 in pulumi/homebrew-tap (commit 58618d7) and
 * the same in NixOS/nixpkgs, pkgs/by-name/pu/pulumi-bin/data.nix (commit c75b830); those of the plugin `command` are in
 * canton-network/splice, nix/extra-pulumi-packages.nix (commit 329e874). Of the plugin `docker` 5.2.0 none was found.
 */
const sums: Readonly<Partial<Record<string, string>>> = {
  "pulumi-v3.220.0-linux-x64.tar.gz": "6f00c595e0c35821cd31903d7bb328a11c3c4bdad7acd59403fbb14cfcad45ff",
  "pulumi-v3.220.0-linux-arm64.tar.gz": "2600ee0f43d8cc3756d5ba96c31864f9b246961bb7f6d8ae467ed8c270c4f66b",
  "pulumi-v3.220.0-darwin-x64.tar.gz": "21bb2c9bdbf560cdee07c205b808b3b904159837eed6b24552c958f7b3129eee",
  "pulumi-v3.220.0-darwin-arm64.tar.gz": "4b2e9da6f2ee17d2e8173942df16b49c1fa3be05a1aac2855e373d4ca9a75b5e",
  "pulumi-resource-command-v1.2.1-linux-amd64.tar.gz":
    "71377999d1da39f54e94d9fe2950f6bb9a0a090a577094866373397dcad2e800",
  "pulumi-resource-command-v1.2.1-linux-arm64.tar.gz":
    "d294ee36cc97499bc8c5d7905c6affeb4b768af50c26d6aeaa9a8f38d06fa558",
  "pulumi-resource-command-v1.2.1-darwin-amd64.tar.gz":
    "27d46196895697a363a2cee96e6a3691eda70cd529fcb183e3b3e8c5cfd73617",
  "pulumi-resource-command-v1.2.1-darwin-arm64.tar.gz":
    "23818e0f6e20e4ac54ae4f69fbc80665fe35a197485dcb677303cb4185d4a6e0",
};

/** The sum of an archive by its name; undefined: none is known. */
export const sumOf = (archive: string): string | undefined => sums[archive];

/** The name of a plugin's archive, as Pulumi publishes it for this machine or another one. */
export const pluginArchive = (
  name: string,
  version: string,
  platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`,
): string => `pulumi-resource-${name}-v${version}-${platform}.tar.gz`;
