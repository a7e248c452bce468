import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabDescription } from "../../lab/description";
import { insideLab, labEnvironment } from "../../lab/environment";

const lab: LabDescription = {
  name: "t",
  home: "/labs/t",
  namespace: "ha-rancher-t",
  accelerator: "tcg",
  libvirtUri: "qemu:///system?socket=/labs/t/libvirt/run/libvirt-sock",
  box: { name: "b", version: "1.0.0" },
  managementNetwork: { name: "m", cidr: "192.168.121.0/24" },
  privateNetwork: { name: "p", cidr: "192.168.56.0/24", hostAddress: "192.168.56.1" },
  image: "i",
  nfs: { address: "", exportsDirectory: "", exportsIndex: "", pidFile: "", dataDirectory: "" },
};

test("programs in the lab find it, and nothing that leads them elsewhere", () => {
  const environment = labEnvironment(lab, {
    HOME: "/root",
    VAGRANT_HOME: "/root/.vagrant.d",
    VAGRANT_NO_PARALLEL: "1",
    VAGRANT_CWD: "/elsewhere",
    https_proxy: "http://proxy:1",
    HTTP_PROXY: "http://proxy:1",
  });
  assert.deepEqual(environment, {
    HOME: "/root",
    HA_RANCHER_LAB: "/labs/t/lab.json",
    LIBVIRT_DEFAULT_URI: "qemu:///system?socket=/labs/t/libvirt/run/libvirt-sock",
    VAGRANT_HOME: "/labs/t/vagrant",
    VAGRANT_DEFAULT_PROVIDER: "libvirt",
    VAGRANT_CHECKPOINT_DISABLE: "1",
  });
});

test("a command keeps its arguments as they are, and its own variables win", () => {
  const { command, args, env } = insideLab(lab, ["sh", "-c", "echo 'a b' $X"], { VAGRANT_HOME: "/mine" });
  assert.deepEqual([command, ...args], ["ip", "netns", "exec", "ha-rancher-t", "sh", "-c", "echo 'a b' $X"]);
  assert.equal(env.VAGRANT_HOME, "/mine");
  assert.equal(env.PATH, process.env.PATH);
});
