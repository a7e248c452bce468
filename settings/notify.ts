import { z } from "zod";
import { loginMistakes, mailSecurity, noticeDefaults, noticeFormats } from "../domain/notify";
import { group, list, oneOf, type Rule, secret, setting, text, whole } from "./values";

const webAddress = secret(
  z
    .string({ error: "must be a text" })
    .regex(/^https?:\/\/[!-~]{1,2000}$/, { error: "must be an address that begins with http:// or https://" })
    .refine((value) => URL.canParse(value), {
      error: "must be an address such as https://hooks.example/abc",
    }),
);

const mailError = "must be a mail address such as ops@example.org";
const mailAddress = z
  .string({ error: mailError })
  .regex(/^[^\s<>,"-][^\s<>,"]{0,250}@[^\s<>,"@]{1,250}$/, { error: mailError });

const line = text.refine((value) => !/\p{Cc}/u.test(value), { error: "must be one line" });

const webhook = group({
  url: setting(
    webAddress,
    "Where notices are sent with POST; who knows it may send there, too: keep it encrypted",
  ),
  format: setting(
    oneOf(noticeFormats).default(noticeDefaults.format),
    "What is sent: json, slack (Mattermost, too), or alertmanager for its /api/v2/alerts",
  ),
});

const mail = group({
  from: setting(mailAddress, "Who sends it"),
  to: setting(
    list(mailAddress, { of: "mail addresses" }).refine((all) => all.length > 0, {
      error: "must name somebody",
    }),
    "Who gets it",
  ),
  server: setting(
    text
      .regex(/^[0-9A-Za-z][0-9A-Za-z.:-]{0,254}$/, { error: "must be a host name or an address" })
      .optional(),
    "The SMTP server, always with TLS and a certificate that is checked",
    "the node's own sendmail",
  ),
  port: setting(whole(1, 65_535).default(noticeDefaults.port), "Its port"),
  tls: setting(
    oneOf(mailSecurity).default(noticeDefaults.tls),
    "starttls: a connection that changes to TLS; tls: one that begins with it, as on port 465",
  ),
  user: setting(line.optional(), "Who logs in there", "nobody does"),
  password: setting(secret(line).optional(), "That user's password: keep it encrypted"),
});

const notify = group({
  webhooks: setting(list(webhook, { of: "webhooks", most: 8 }), "Addresses that notices are sent to"),
  mail: setting(mail.optional(), "A mail for each notice"),
  command: setting(
    z
      .array(line, { error: "must be a list: a program and its arguments" })
      .min(1, { error: "must name a program" })
      .max(32, { error: "must have at most 32 entries" })
      .refine(([program]) => program === undefined || /^\/[^/]/.test(program), {
        error: "must begin with an absolute path",
      })
      .optional(),
    "A program of the nodes that gets each notice as JSON on its standard input, without root",
    "none",
  ),
});

type NotifySettings = z.infer<typeof notify>;

/** Settings of whom the nodes tell what happens, at the top of a stack's file. `keepalived.notify` is another thing. */
export const notifyShape = {
  notify: setting(
    notify.default(notify.parse({})),
    "Whom the nodes tell of failovers and faults: `webhooks`, `mail`, `command`: docs/monitoring.md",
    "nobody",
  ),
};

/** What notifications must keep to. */
export const notifyRules: Rule<{ notify: NotifySettings }>[] = [
  {
    of: ["notify.mail.server?", "notify.mail.user?", "notify.mail.password?", "notify.mail"],
    check: ({ notify: given }) => loginMistakes(given),
  },
];
