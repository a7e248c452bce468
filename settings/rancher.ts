import { z } from "zod";
import { wholeFromText } from "./values";

/** Docker's reference grammar, with a tag or a digest (or both) required. */
const imageReference =
  /^[a-z0-9]+([._/:-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$/;

/** Settings of the Rancher container. */
export const rancherShape = {
  image: z
    .string()
    .regex(imageReference, {
      error: "must be an image with a tag or digest, such as rancher/rancher:v2.12.3",
    })
    .refine((text) => !/:latest(@|$)/.test(text), {
      error: "must not be `latest`: a failover would then upgrade the datastore; name a version",
    })
    .optional()
    .describe(
      "Rancher's image with a tag or digest; default: a pinned rancher/rancher, in the lab its stand-in",
    ),
  httpsPort: wholeFromText(1, 65_535)
    .default(443)
    .describe("The port on the VIP and on the nodes that Rancher answers on with HTTPS"),
  startDeadline: wholeFromText(10, 3_600, " s")
    .default(300)
    .describe("Seconds that Rancher may take to answer before up fails"),
};
