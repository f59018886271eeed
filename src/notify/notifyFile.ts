import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { closestTo } from '../assignments/values/closest.ts';
import { strangerOf } from '../dotEnv.ts';
import { EXIT, UserError } from '../errors.ts';
import { CHANNEL, CHANNEL_NAME, type Channel, type EventChannel, type HeartbeatChannel } from './channel.ts';

const FAILURES_ABOVE = 1;

const FILE = z
  .strictObject({
    channels: z.record(
      z
        .string()
        .regex(
          CHANNEL_NAME,
          'is no name: small letters, digits and "-", at most 40, a letter first, and not "off"',
        ),
      CHANNEL,
    ),
    default: z.array(z.string()).default([]),
    failuresAbove: z.number().min(0).max(100).default(FAILURES_ABOVE),
  })
  .superRefine(({ channels, default: byDefault }, issues) => {
    for (const [place, name] of byDefault.entries()) {
      const fault = channelFault(name, channels);
      if (fault !== undefined) issues.addIssue({ code: 'custom', path: ['default', place], message: fault });
    }
  });

/** What `notify.json` says. */
export interface NotifyFile {
  readonly path: string;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Those that are told of a run for which none is named. */
  readonly byDefault: readonly string[];
  /** Percent of written rows: channels are told when more have failed. */
  readonly failuresAbove: number;
}

/**
 * The channels of this machine; undefined: there is no such file, where none was asked for.
 * @param isAskedFor its path was given: it has to be there
 * @throws UserError (exit 2) for one that is not to be trusted, or that can't be understood as a whole
 */
export function readNotifyFile(path: string, isAskedFor: boolean): NotifyFile | undefined {
  const text = textOf(path, isAskedFor);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // What stands there may be an address that is a secret.
    const why = (error instanceof Error ? error.message : String(error)).replace(/, (\.\.\.)?".*$/s, '');
    throw wrongFile(`${path} is no JSON: ${why}.`);
  }
  const read = FILE.safeParse(json);
  if (!read.success) throw wrongFile(read.error.issues.map((issue) => `${path}: ${issueInWords(issue)}.`));
  const { channels, default: byDefault, failuresAbove } = read.data;
  return { path, channels: new Map(Object.entries(channels)), byDefault, failuresAbove };
}

/** Why a name can't be told of a run; undefined: it can. */
export function channelFault(name: string, channels: Readonly<Record<string, Channel>>): string | undefined {
  const channel = Object.hasOwn(channels, name) ? channels[name] : undefined;
  if (channel?.type === 'heartbeat')
    return `"${name}" is a heartbeat: every worker calls it, whatever the run, so no run names it`;
  if (channel !== undefined) return undefined;
  const told = Object.keys(channels).filter((each) => channels[each]?.type !== 'heartbeat');
  const guess = closestTo(name, told);
  if (guess !== undefined) return `there is no channel "${name}"; did you mean "${guess}"?`;
  return `there is no channel "${name}"; there ${told.length === 0 ? 'is none' : `are: ${told.join(', ')}`}`;
}

const isEventChannel = (channel: Channel): channel is EventChannel => channel.type !== 'heartbeat';
const isHeartbeat = (channel: Channel): channel is HeartbeatChannel => channel.type === 'heartbeat';

/** The channels that are told of events, by name. */
export const eventChannels = (file: NotifyFile | undefined): ReadonlyMap<string, EventChannel> =>
  ofKind(file, isEventChannel);

export const heartbeats = (file: NotifyFile | undefined): ReadonlyMap<string, HeartbeatChannel> =>
  ofKind(file, isHeartbeat);

const ofKind = <T extends Channel>(
  file: NotifyFile | undefined,
  is: (channel: Channel) => channel is T,
): ReadonlyMap<string, T> =>
  new Map(
    [...(file?.channels ?? [])].flatMap(([name, channel]) => (is(channel) ? [[name, channel] as const] : [])),
  );

/** Whoever may write it says where what runs tell is sent to, as in a `.env`. */
function textOf(path: string, isAskedFor: boolean): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' && !isAskedFor) return undefined;
    throw wrongFile(
      `${path} can't be read (${code}).`,
      'Correct RETARGET_NOTIFY_FILE, or let this user read it.',
    );
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw wrongFile(`${path} is no file.`);
    const stranger = strangerOf(stats);
    if (stranger !== undefined)
      throw wrongFile(
        `Nobody is told by ${path}: the file ${stranger}.`,
        `Look at what it says. If it is yours: \`chown "$(id -u)" ${path} && chmod 600 ${path}\`.`,
      );
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } finally {
    closeSync(file);
  }
}

/** `channels.ops.url has to be there`: where it is in the file, and what is wrong there. */
function issueInWords(issue: z.core.$ZodIssue): string {
  const where = issue.path.map(String).join('.') || 'the file';
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      return `${where} has "${key}", which means nothing here`;
    }
    case 'invalid_type':
      return issue.input === undefined && !('received' in issue)
        ? `${where} has to be there: ${TYPES[issue.expected] ?? issue.expected}`
        : `${where} has to be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_union':
      return issue.path.at(-1) === 'type'
        ? `${where} has to be one of webhook, teams, email, heartbeat`
        : `${where} ${issue.message}`;
    case 'invalid_value':
      return `${where} has to be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return `${where} ${issue.issues[0]?.message ?? 'is no name'}`;
    case 'too_small':
      return `${where} ${issue.origin === 'array' ? 'names nobody' : `has to be at least ${issue.minimum}`}`;
    case 'too_big':
      return `${where} has to be at most ${issue.maximum}`;
    case 'custom':
      return issue.path[0] === 'default' ? `${where}: ${issue.message}` : `${where} ${issue.message}`;
    default:
      return `${where} ${issue.message}`;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  record: 'an object',
};

const EXAMPLE =
  'Write it as in {"channels": {"ops": {"type": "webhook", "url": "https://example.com/hook"}}, "default": ["ops"]}; README, "Tell somebody", has all of it.';

const wrongFile = (messages: string | readonly string[], remedy = EXAMPLE): UserError =>
  new UserError([messages].flat().join('\n'), { remedy, exitCode: EXIT.badInput });
