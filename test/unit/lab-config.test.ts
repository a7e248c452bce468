import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ganeshaConfiguration, ganeshaString } from "../../lab/ganesha";
import { managementNetwork, privateNetwork } from "../../lab/layout";
import { libvirtConfiguration } from "../../lab/libvirt/daemon";
import { networkXml, poolXml, uuidOf, xml } from "../../lab/libvirt/networks";
import { agentShape } from "../../settings/agent";

/** The other direction of `xml`. */
const fromXml = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

test("text in XML comes back as it was and cannot end an element or attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = xml(text);
      assert.equal(fromXml(escaped), text);
      assert.doesNotMatch(escaped, /[<>"']/);
    }),
  );
  assert.equal(xml(`"/><inject a='&`), "&#34;/&#62;&#60;inject a=&#39;&#38;");
});

test("the private network has no DHCP and no name server", () => {
  assert.equal(
    networkXml(privateNetwork),
    `<network>
  <name>ha-rancher</name>
  <uuid>${uuidOf("network ha-rancher")}</uuid>
  <bridge name="virbr1" stp="off" delay="0"/>
  <dns enable="no"/>
  <ip address="192.168.56.1" netmask="255.255.255.0"></ip>
</network>
`,
  );
});

test("the management network hands out addresses, and neither network leads anywhere", () => {
  const definition = networkXml(managementNetwork);
  assert.match(definition, /<dhcp><range start="192\.168\.121\.2" end="192\.168\.121\.254"\/><\/dhcp>/);
  assert.doesNotMatch(definition + networkXml(privateNetwork), /<forward/);
});

test("names and folders with markup stay text", () => {
  assert.match(poolXml("p", "/a <b> & 'c'"), /<path>\/a &#60;b&#62; &#38; &#39;c&#39;<\/path>/);
});

test("a definition's UUID is well-formed, the same for the same name and no other", () => {
  assert.match(uuidOf("a"), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(uuidOf("a"), uuidOf("a"));
  assert.notEqual(uuidOf("a"), uuidOf("b"));
});

test("libvirt's settings are quoted, and what its parser cannot hold is refused", () => {
  assert.equal(
    libvirtConfiguration({ user: "root", ownership: 0, namespaces: [], list: ["a b", "c"] }),
    'user = "root"\nownership = 0\nnamespaces = []\nlist = ["a b", "c"]\n',
  );
  assert.throws(() => libvirtConfiguration({ user: 'ro"ot' }), /no escapes/);
  assert.throws(() => libvirtConfiguration({ list: ["a\nb = 1"] }), /no escapes/);
});

test("strings in ganesha's configuration come back as they were", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      fc.pre(!/[\n\r]/.test(text));
      const quoted = ganeshaString(text);
      assert.match(quoted, /^"(?:[^"\\]|\\.)*"$/su);
      assert.equal(quoted.slice(1, -1).replace(/\\(.)/gsu, "$1"), text);
    }),
  );
  assert.throws(() => ganeshaString('a"\n%include "/etc/shadow'), /cannot hold/);
});

test("ganesha serves NFSv4 only, and its grace time is longer than its lease time", () => {
  const configuration = ganeshaConfiguration("192.168.56.1", "/lab/recovery", "/lab/exports.conf");
  const number = (key: string): number =>
    Number(new RegExp(`\\b${key} = (\\d+);`).exec(configuration)?.[1] ?? Number.NaN);
  assert.equal(number("Protocols"), 4);
  const lease = number("Lease_Lifetime");
  const { watchdog, leaseTime } = agentShape.guard.parse(undefined);
  assert.ok(lease > watchdog, "no lock is free before its owner is silent");
  // Whole seconds, and a look each half of the lease time.
  assert.ok(lease + 1 + lease / 2 < leaseTime + 3, "a lock is free soon enough after a power-off");
  assert.ok(number("Grace_Period") > lease);
  assert.match(configuration, /^%include "\/lab\/exports\.conf"$/m);
});
