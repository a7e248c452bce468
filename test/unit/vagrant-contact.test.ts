import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeContact } from "../../providers/vagrant/contact";
import { TestServer } from "./remote-server";

/* The first contact with a machine on a network where somebody else may answer at its address. */

const server = new TestServer();
before(() => server.start());
after(() => server.stop());

const firstContact = async (hostKeys: string[] | undefined, pinned = "") =>
  await makeContact(
    { ...server.endpoint, hostKey: pinned },
    { addresses: [], interfaces: 0, hostKeys },
    20_000,
  );

const stranger = `ssh-ed25519 ${"A".repeat(68)}`;

test("who has another host key than the machine says through Vagrant is not logged in to", async () => {
  await assert.rejects(
    firstContact([stranger]),
    /its host key is ssh-.*, and the machine says through Vagrant that it has another one: .* its address is taken/,
  );
});

test("the machine's own key is pinned, one of several, or any where nobody else can answer", async () => {
  const { hostKey } = server.endpoint;
  assert.equal((await firstContact([stranger, hostKey])).hostKey, hostKey);
  assert.equal((await firstContact(undefined)).hostKey, hostKey);
});

test("a pinned key counts alone", async () => {
  await assert.rejects(firstContact([server.endpoint.hostKey], stranger), /not the pinned ssh-ed25519 A/);
  assert.equal((await firstContact([stranger], server.endpoint.hostKey)).hostKey, server.endpoint.hostKey);
});
