import { environmentOf } from "../domain/environment";
import { isSecretOption } from "../domain/fencing";
import { type Mistake, mistake } from "../domain/mistake";
import type { Settings } from ".";
import { isEncrypted } from "./encrypted";

/*
 * Secrets that stand in clear in a stack's file, which is in a repository as a rule. Pulumi's own `secret: true` in
 * Pulumi.yaml cannot say it: with it Pulumi 3.220 refuses a stack that does not give the setting, since the default is not
 * encrypted.
 */

/** Variables whose names say that their values are nobody's business. */
const secretVariable = /passw|secret|token|api_?key|private_?key|credential/i;

/** An address with a user's password in it. */
const withPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^/@]+@/i;

type Found = [path: string, value: unknown];

/** Variables that look as if they were secrets. */
const secretsAmong = (path: string, given: Record<string, string>): Found[] =>
  Object.entries(given)
    .filter(([name, value]) => secretVariable.test(name) || withPassword.test(value))
    .map(([name, value]) => [`${path}.${name}`, value]);

/** What is given of all settings that are secrets, by path. */
function secretsIn(settings: Settings): Found[] {
  const { registryLogin, tls, nodes, fencing, boxUrl, extraEnvironment, container, keepalived } = settings;
  const { webhooks, mail } = settings.notify;
  const optionsOf = (path: string, options: Record<string, unknown>): Found[] =>
    Object.entries(options).flatMap(([name, value]) =>
      isSecretOption(name) ? [[`${path}.${name}`, value] as Found] : [],
    );
  return [
    ["registryLogin.password", registryLogin?.password],
    ["tls.key", tls?.key],
    ["keepalived.authHmac.key", keepalived.authHmac?.key],
    ...nodes.map(({ host }, i): Found => [`nodes[${i}].host.privateKey`, host?.privateKey]),
    ["fencing.sshKey", fencing.sshKey],
    ...optionsOf("fencing.options", fencing.options),
    ...Object.entries(fencing.nodes).flatMap(([name, own]) => optionsOf(`fencing.nodes.${name}`, own)),
    ...webhooks.map(({ url }, i): Found => [`notify.webhooks[${i}].url`, url]),
    ["notify.mail.password", mail?.password],
    ["boxUrl", boxUrl !== undefined && withPassword.test(boxUrl) ? boxUrl : undefined],
    ...secretsAmong("extraEnvironment", extraEnvironment),
    ...secretsAmong("container.environment", container?.environment ?? {}),
    ...(container?.companions ?? []).flatMap(({ environment }, i) =>
      secretsAmong(`container.companions[${i}].environment`, environment),
    ),
  ];
}

/** Where settings hold a secret that is in the open. */
export const secretPaths = (settings: Settings): string[] =>
  secretsIn(settings).flatMap(([path, value]) => (value === undefined || isEncrypted(value) ? [] : [path]));

/**
 * The secrets of a stack that stand in clear where they must not: everywhere but in `dev`.
 *
 * @param settings as read from the stack's file, where what is encrypted is a stand-in
 */
export function clearSecretMistakes(settings: Settings, stack: string): Mistake[] {
  const environment = environmentOf(stack, settings.environment, settings.nodes);
  if (environment === "dev") return [];
  return secretPaths(settings).map((path) =>
    mistake(
      path,
      `stands in clear, which \`environment\` ${environment} does not allow`,
      `encrypt it: \`pulumi config set --secret --path 'ha-rancher:${path}'\``,
    ),
  );
}
