import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRows, shownText, stateOf } from "../../providers/vagrant/machine-readable";

/*
 * How versions of Vagrant write their rows. 2.3 is recorded (2.3.4 with vagrant-libvirt 0.11.2 and without); the others
 * are written after what people show of them in hashicorp/vagrant's issues (#3218, #4075) and in tests of other tools.
 */
const versions: Record<string, { output: string; states: Record<string, string>; shown: string[] }> = {
  "1.4, before there was metadata": {
    output: `1391354677,web,provider-name,vmware_fusion
1391354677,web,state,running
1391354677,web,state-human-short,running
1391354677,web,state-human-long,The VM is running. To stop this VM%!(VAGRANT_COMMA) you can run \`vagrant halt\``,
    states: { web: "running" },
    shown: [],
  },
  "1.5, which left out the machine's name": {
    output: `1394816130,,provider-name,virtualbox
1394816130,,state,not_created`,
    states: { web: "not_created" },
    shown: [],
  },
  "1.6, with rows of actions and of plugins": {
    output: `1403294532,web,action,provision:start:LXC (repo_web_1403125397237_26227)
1403294532,web,info,Running provisioner: shell...
1403294533,web,detail,Loaded plugins: fastestmirror%!(VAGRANT_COMMA) priorities
1403294555,web,state,aborted`,
    states: { web: "aborted" },
    shown: [],
  },
  "2.0, with metadata first": {
    output: `1540128277,web,metadata,provider,virtualbox
1540128277,db,metadata,provider,virtualbox
1540128278,web,provider-name,virtualbox
1540128278,web,state,running
1540128278,web,state-human-short,running
1540128278,db,provider-name,virtualbox
1540128278,db,state,saved`,
    states: { web: "running", db: "saved" },
    shown: [],
  },
  "2.2, whose ui rows name the machine": {
    output: `1644682327,web,metadata,provider,virtualbox
1644682327,web,action,up,start
1644682328,web,ui,output,==> web: Booting VM...
1644682330,web,ui,detail,    web: SSH address: 127.0.0.1:2222
1644682331,web,action,up,end
1644682331,web,state,poweroff`,
    states: { web: "poweroff" },
    shown: ["==> web: Booting VM...", "    web: SSH address: 127.0.0.1:2222"],
  },
  "2.3.4, recorded": {
    output: `1795365444,one,metadata,provider,libvirt
1795365444,one,provider-name,libvirt
1795365444,one,state,not_created
1795365444,one,state-human-short,not created
1795365444,one,state-human-long,The Libvirt domain is not created. Run \`vagrant up\` to create it.
1795365444,,ui,info,Current machine states:\\n\\none                       not created (libvirt)\\n\\nThe Libvirt domain is not created. Run \`vagrant up\` to create it.`,
    states: { one: "not_created" },
    shown: [
      "Current machine states:\n\none                       not created (libvirt)\n\nThe Libvirt domain is not created. Run `vagrant up` to create it.",
    ],
  },
  "one that is yet to come": {
    output: `WARNING: something on stdout, of nobody's
1900000000,web,ui,info,Current state,with a comma
1900000000,web,state-v2,{"state":"running"}
1900000000,web,state,hibernated,deeply
,,
1900000000`,
    states: { web: "hibernated" },
    shown: ["Current state,with a comma"],
  },
};

describe("the rows of Vagrant", () => {
  for (const [version, { output, states, shown }] of Object.entries(versions))
    it(version, () => {
      const rows = parseRows(output);
      for (const [name, state] of Object.entries(states)) assert.equal(stateOf(rows, name), state);
      assert.deepEqual(shownText(rows), shown);
    });

  it("do not give one machine the state of another", () => {
    assert.equal(stateOf(parseRows("1,web,state,running\n1,db,state,saved"), "mail"), undefined);
  });
});
