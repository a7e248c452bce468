/** What a webhook is sent (node/agent/observer/send.py). */
export const noticeFormats = ["json", "slack", "alertmanager"] as const;

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
        tls: "starttls" | "tls";
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
