#!/usr/bin/env node
// Installed as `pulumi-resource-NAME`: runs the stand-in's code of the package that the Pulumi program uses. Pulumi
// starts it in the program's folder, so a fix in that package is in force at once, without another installation.
"use strict";
const { createRequire } = require("node:module");
const { basename } = require("node:path");

const name = basename(__filename).replace(/^pulumi-resource-/, "");
const code = `ha-rancher/lab/plugins/${name}`;
let file;
try {
  file = createRequire(`${process.cwd()}/`).resolve(code);
} catch (error) {
  console.error(
    `the offline stand-in for Pulumi's ${name} plugin runs the code of ${code}, which cannot be found from ` +
      `${process.cwd()}: run Pulumi in a program's folder that has the package (compiled), or remove ${__dirname} ` +
      `to have the official plugin installed (${error.message.split("\n")[0]})`,
  );
  process.exit(1);
}
require(file);
