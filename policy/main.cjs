"use strict";
// What Pulumi runs of this folder. The code is in the package ha-rancher: beside this folder where it is a part of that one, else
// installed, as a copy of this folder says in its package.json. Pulumi publishes such a copy.
let found;
try {
  found = require.resolve("ha-rancher/policy");
} catch {
  found = require.resolve("../dist/policy/index.js");
}
require(found);
