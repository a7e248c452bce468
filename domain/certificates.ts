import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** A PEM text's certificates; undefined if one of its blocks is none. */
export function certificatesIn(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** A PEM text's private key; undefined if it is none, or has a passphrase. */
export function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Whether each certificate is issued by the next one. */
export const isChain = (certificates: readonly X509Certificate[]): boolean =>
  certificates.every((each, i) => {
    const next = certificates[i + 1];
    return next === undefined || each.checkIssued(next);
  });
