import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../../lab/plugins/docker/config";
import { createRequest } from "../../lab/plugins/docker/container-api";
import { type ContainerInputs, comparable } from "../../lab/plugins/docker/container-fields";
import { repoDigestOf, splitName } from "../../lab/plugins/docker/image";
import { knownKeys } from "../../lab/plugins/docker/known-hosts";
import { same, type Values } from "../../lab/plugins/values";
import { openSshOptions } from "../../providers/remote/endpoint";

describe("image names", () => {
  for (const [name, repository, tag] of [
    ["nginx", "nginx", "latest"],
    ["nginx:1.2", "nginx", "1.2"],
    ["registry:5000/a/b", "registry:5000/a/b", "latest"],
    ["registry:5000/a/b:v1", "registry:5000/a/b", "v1"],
    ["registry:5000/a/b:v1@sha256:abc", "registry:5000/a/b", "sha256:abc"],
    ["rancher/rancher@sha256:abc", "rancher/rancher", "sha256:abc"],
  ] as const) {
    test(`${name} is ${repository} and ${tag}`, () => assert.deepEqual(splitName(name), { repository, tag }));
  }

  test("the digest of the name's own repository is taken", () => {
    const RepoDigests = ["mirror/app@sha256:1", "app@sha256:2", "app@sha256:3"];
    assert.equal(repoDigestOf("app:v1", { RepoDigests }), "app@sha256:2");
    assert.equal(repoDigestOf("docker.io/library/app:v1@sha256:3", { RepoDigests }), "app@sha256:3");
    assert.equal(repoDigestOf("other:v1", { RepoDigests }), "mirror/app@sha256:1");
    assert.equal(repoDigestOf("loaded:v1", { RepoDigests: [] }), "");
  });
});

describe("known hosts", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==";
  const hashed = (name: string): string => {
    const salt = Buffer.from("twenty bytes of salt");
    return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
  };
  const text = [
    "# a comment",
    "",
    `node,10.0.0.1 ${key} a comment`,
    `[node]:2222 ssh-rsa AAAAB3==`,
    `${hashed("secret")} ${key}`,
    `@revoked revoked ${key}`,
  ].join("\n");

  test("keys are found by name, address, port and hashed name", () => {
    assert.deepEqual(knownKeys(text, "node", 22), [key]);
    assert.deepEqual(knownKeys(text, "10.0.0.1", 22), [key]);
    assert.deepEqual(knownKeys(text, "node", 2222), ["ssh-rsa AAAAB3=="]);
    assert.deepEqual(knownKeys(text, "secret", 22), [key]);
  });

  test("no key is taken for another host, and no revoked one", () => {
    for (const [host, port] of [
      ["nod", 22],
      ["node", 2223],
      ["secret", 2222],
      ["revoked", 22],
      ["@revoked", 22],
    ] as const) {
      assert.deepEqual(knownKeys(text, host, port), [], host);
    }
  });
});

describe("the provider's configuration", () => {
  test("host and options are read in every form in which ssh takes them", () => {
    const options = [
      "-i/key",
      "-o",
      "UserKnownHostsFile=/known",
      "-oConnectTimeout=7",
      "-o",
      "ServerAliveInterval 9",
      "-o",
      "StrictHostKeyChecking=no",
    ];
    assert.deepEqual(parseConfig("ssh://vagrant@192.0.2.1:2222", JSON.stringify(options)), {
      host: "192.0.2.1",
      port: 2222,
      user: "vagrant",
      keyFile: "/key",
      knownHostsFile: "/known",
      verify: false,
      connectTimeout: 7,
      keepalive: { interval: 9, count: 3 },
    });
    assert.equal(parseConfig("ssh://u@[2001:db8::1]:23", '["-i","k"]').host, "2001:db8::1");
    assert.equal(parseConfig("ssh://u@node/", '["-i","k"]').port, 22);
  });

  test("a file name may have spaces and equals signs", () => {
    assert.equal(parseConfig("ssh://u@h", '["-i","/a b/c=d"]').keyFile, "/a b/c=d");
    assert.equal(
      parseConfig("ssh://u@h", '["-i","k","-o","UserKnownHostsFile=\\"/a b/c=d\\""]').knownHostsFile,
      "/a b/c=d",
    );
  });

  test("what the program gives is understood, and no other configuration is read", () => {
    const ssh = {
      host: "h",
      port: 22,
      user: "u",
      privateKey: "",
      hostKey: "",
      keyFile: "/k",
      knownHostsFile: "/a b/n",
    };
    const config = parseConfig("ssh://u@h", JSON.stringify(openSshOptions(ssh)));
    assert.deepEqual([config.keyFile, config.knownHostsFile, config.verify], ["/k", "/a b/n", true]);
    assert.throws(
      () => parseConfig("ssh://u@h", '["-i","k","-F","/home/u/.ssh/config"]'),
      /`sshOpts` has -F/,
    );
  });

  test("no option is silently ignored", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z]{3,20}$/), (name) => {
        const known =
          /^(identityfile|userknownhostsfile|connecttimeout|serveralive(interval|countmax)|stricthostkeychecking|batchmode|identitiesonly|globalknownhostsfile|loglevel)$/i;
        fc.pre(!known.test(name));
        assert.throws(
          () => parseConfig("ssh://u@h", JSON.stringify(["-i", "k", "-o", `${name}=1`])),
          /`sshOpts` has/,
        );
      }),
    );
    for (const bad of ["{", "{}", "[1]", '"x"'])
      assert.throws(() => parseConfig("ssh://u@h", bad), /`sshOpts`/);
  });
});

describe("containers", () => {
  const inputs: Values = {
    name: "c",
    image: "i",
    envs: ["A=1", "B=2", "C=3"],
    labels: [
      { label: "a", value: "1" },
      { label: "b", value: "2" },
    ],
    ports: [
      { internal: 1, external: 1, ip: "0.0.0.0", protocol: "tcp" },
      { internal: 2, external: 2, ip: "0.0.0.0", protocol: "udp" },
    ],
    command: ["a", "b"],
  };

  test("the order of environment, labels and ports means nothing; that of a command does", () => {
    for (const name of ["envs", "labels", "ports"]) {
      const list = inputs[name] as string[];
      fc.assert(
        fc.property(fc.shuffledSubarray(list, { minLength: list.length }), (shuffled) =>
          same(comparable(inputs), comparable({ ...inputs, [name]: shuffled })),
        ),
      );
      assert.ok(!same(comparable(inputs), comparable({ ...inputs, [name]: list.slice(1) })), name);
    }
    assert.ok(!same(comparable(inputs), comparable({ ...inputs, command: ["b", "a"] })));
  });

  test("an absent property is its default, an empty list is none", () => {
    const written = {
      ...inputs,
      start: true,
      restart: "no",
      attach: false,
      memory: 0,
      entrypoints: [],
      mounts: [],
    };
    assert.ok(same(comparable(inputs), comparable(written)));
    assert.ok(!same(comparable(inputs), comparable({ ...inputs, start: false })));
  });

  test("two ports of the host may lead to one of the container", () => {
    const request = createRequest({
      ...inputs,
      ports: [
        { internal: 443, external: 1, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 443, external: 2, ip: "0.0.0.0", protocol: "tcp" },
      ],
    } as unknown as ContainerInputs);
    assert.deepEqual(request.HostConfig?.PortBindings, {
      "443/tcp": [
        { HostIp: "127.0.0.1", HostPort: "1" },
        { HostIp: "0.0.0.0", HostPort: "2" },
      ],
    });
    assert.deepEqual(request.ExposedPorts, { "443/tcp": {} });
  });
});

test("a plugin's modules do not load what takes long before it is needed", () => {
  for (const name of ["command", "docker"]) {
    const loaded = execFileSync(
      process.execPath,
      [
        "-e",
        `require(${JSON.stringify(require.resolve(`../../lab/plugins/${name}/plugin`))});` +
          "console.log(Object.keys(require.cache).join(' '))",
      ],
      { encoding: "utf8" },
    );
    assert.match(loaded, /lab\/plugins/);
    assert.doesNotMatch(loaded, /node_modules\/(ssh2|dockerode|zod|@grpc\/grpc-js|@pulumi\/pulumi\/index)\b/);
  }
});
