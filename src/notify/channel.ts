import { z } from 'zod';
import { isLoopback } from '../graph/auth/clouds.ts';
import { RUN_EVENTS } from '../runs/runEvent.ts';

/** What channels may be called: their names stand in keys of Redis and in ids of jobs. `off` means none. */
export const CHANNEL_NAME = /^(?!off$)[a-z][a-z0-9-]{0,39}$/;

const NAME_OF_VARIABLE = /^[A-Za-z_]\w*$/;
const PORT_MAX = 65_535;
/** The port on which mail begins with TLS; on every other one STARTTLS is asked for, unless `tls` says otherwise. */
export const SMTPS_PORT = 465;
const HEARTBEAT_SECONDS = { least: 1, most: 86_400, byDefault: 60 } as const;

/** Where a text stands that the file must not hold: in the environment, or alone in a file that is read anew each time. */
const ELSEWHERE = z.union(
  [
    z.strictObject({
      env: z.string().regex(NAME_OF_VARIABLE, 'is no name of an environment variable'),
    }),
    z.strictObject({ file: z.string().min(1) }),
  ],
  { error: 'is kept elsewhere: write {"env": "NAME"} or {"file": "/path"}' },
);
export type Elsewhere = Readonly<z.output<typeof ELSEWHERE>>;

const ADDRESS = z
  .union([z.string(), ELSEWHERE], {
    error: 'is an address, or where it is kept: {"env": "NAME"} or {"file": "/path"}',
  })
  .superRefine((address, issues) => {
    const fault = typeof address === 'string' ? addressFault(address) : undefined;
    if (fault !== undefined) issues.addIssue({ code: 'custom', message: fault });
  });
export type ChannelAddress = Readonly<z.output<typeof ADDRESS>>;

/** Why nothing may be sent to an address, as it stands behind what names it; undefined: it may. Never shows it: it may be a secret. */
export function addressFault(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null) return 'is no address: write it as in https://example.com/hook';
  if (url.username !== '' || url.password !== '')
    return 'has a user or password in it: keep the whole address elsewhere, or leave them out';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return undefined;
  return 'does not begin with https://; plain http goes to this machine only';
}

/** A file of authorities (PEM) that are trusted besides those of the system. */
const CA = z.string().min(1).optional();
const EVENTS = z.array(z.enum(RUN_EVENTS)).min(1).optional();

const WEBHOOK = z.strictObject({
  type: z.literal('webhook'),
  url: ADDRESS,
  /** What messages are signed with; left out: they are not. */
  secret: ELSEWHERE.optional(),
  ca: CA,
  events: EVENTS,
});

const TEAMS = z.strictObject({ type: z.literal('teams'), url: ADDRESS, ca: CA, events: EVENTS });

const MAIL_ADDRESS = z.string().regex(/^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/, 'is no address of mail');

const MAIL = z
  .strictObject({
    type: z.literal('email'),
    host: z.string().min(1),
    port: z.int().min(1).max(PORT_MAX).default(SMTPS_PORT),
    /** From the first byte on, or after STARTTLS, without which nothing is sent. */
    tls: z.enum(['implicit', 'starttls']).optional(),
    user: z.string().min(1).optional(),
    password: ELSEWHERE.optional(),
    from: MAIL_ADDRESS,
    to: z.array(MAIL_ADDRESS).min(1),
    ca: CA,
    events: EVENTS,
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'goes with user: give both, or neither',
  });

const HEARTBEAT = z.strictObject({
  type: z.literal('heartbeat'),
  url: ADDRESS,
  everySeconds: z
    .number()
    .min(HEARTBEAT_SECONDS.least)
    .max(HEARTBEAT_SECONDS.most)
    .default(HEARTBEAT_SECONDS.byDefault),
  ca: CA,
});

export const CHANNEL = z.discriminatedUnion('type', [WEBHOOK, TEAMS, MAIL, HEARTBEAT]);

/** A channel as `notify.json` has it. */
export type Channel = Readonly<z.output<typeof CHANNEL>>;
export type WebhookChannel = Extract<Channel, { type: 'webhook' }>;
export type TeamsChannel = Extract<Channel, { type: 'teams' }>;
export type MailChannel = Extract<Channel, { type: 'email' }>;
export type HeartbeatChannel = Extract<Channel, { type: 'heartbeat' }>;
/** One that is told of events. */
export type EventChannel = WebhookChannel | TeamsChannel | MailChannel;
