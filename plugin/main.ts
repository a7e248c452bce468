import * as pulumi from "@pulumi/pulumi";
import { plugin } from "../providers/serving";

/* The program that Pulumi starts for this package in a program of any language. */

plugin.serves = true;
// Loaded now, and not before: resource classes look at it when they are.
import("./provider.js").then(({ Plugin }) => pulumi.provider.main(new Plugin(), process.argv.slice(2)));
