import { PolicyPack } from "@pulumi/policy";
import { assertFresh } from "../local/toolchain/freshness";
import { surroundingsOf } from "./environment";
import { policyOf } from "./pack";
import { rules } from "./rules";

assertFresh();
const surroundings = surroundingsOf(process.env);
new PolicyPack("ha-rancher", { policies: rules.map((rule) => policyOf(rule, surroundings)) });
