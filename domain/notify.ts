import { type Mistake, mistake } from "./mistake";

/** What a webhook is sent (node/agent/observer/send.py). */
export const noticeFormats = ["json", "slack", "alertmanager"] as const;

/** How a mail server is spoken to: a connection that changes to TLS, or one that begins with it. */
export const mailSecurity = ["starttls", "tls"] as const;

/** Of what is not said. The port is the one for mail of users (RFC 6409). */
export const noticeDefaults = { format: "json", port: 587, tls: "starttls" } as const;

/** Whom nodes tell what happens. Addresses of webhooks and passwords are secrets. */
export interface NotifyPlan {
  webhooks: readonly { url: string; format: (typeof noticeFormats)[number] }[];
  mail?:
    | {
        from: string;
        to: readonly string[];
        /** Undefined: the node's sendmail. */
        server?: string | undefined;
        port: number;
        tls: (typeof mailSecurity)[number];
        user?: string | undefined;
        password?: string | undefined;
      }
    | undefined;
  /** A program and its arguments. */
  command?: readonly string[] | undefined;
}

/** Whether anybody is told. */
export const tellsAnybody = ({ webhooks, mail, command }: NotifyPlan): boolean =>
  webhooks.length > 0 || mail !== undefined || command !== undefined;

/** What a login at the mail server needs. */
export function loginMistakes({ mail }: Pick<NotifyPlan, "mail">): Mistake[] {
  if (!mail) return [];
  const { server, user, password } = mail;
  if ((user === undefined) !== (password === undefined))
    return [
      mistake(
        user === undefined ? "notify.mail.user" : "notify.mail.password",
        "is missing",
        "give both, or none",
      ),
    ];
  return user !== undefined && server === undefined
    ? [mistake("notify.mail.server", "is missing", "`notify.mail.user` logs in there")]
    : [];
}

/** notify.json of a node, in the form that node/agent/observer/channels.py describes. */
export function notifyConfiguration({ webhooks, mail, command }: NotifyPlan): string {
  const { server, port, tls, user, password, ...letter } = mail ?? {};
  const channels = [
    ...webhooks.map(({ url, format }) => ({ kind: "webhook", url, format })),
    ...(mail
      ? [{ kind: "mail", ...letter, ...(server === undefined ? {} : { server, port, tls, user, password }) }]
      : []),
    ...(command ? [{ kind: "command", command }] : []),
  ];
  return `${JSON.stringify({ channels }, undefined, 2)}\n`;
}
