import { createTransport } from 'nodemailer';
import { proxyForOther } from '../graph/client/proxy.ts';
import { SMTPS_PORT, type MailChannel } from './channel.ts';
import { authorities, textFrom, type Surroundings } from './elsewhere.ts';
import type { Message } from './message.ts';
import { notTold } from './notTold.ts';

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;

/** The mail's text: what there is to be known, then what can be typed. */
export const mailText = ({ title, facts, commands }: Message): string =>
  [
    title,
    '',
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...(commands.length === 0 ? [] : ['', ...commands.map(([what, command]) => `${what}:\n    ${command}`)]),
    '',
  ].join('\n');

/** Sends a mail, over TLS or not at all. A second one of the same event has the same Message-ID. @throws NotTold */
export async function sendMail(
  message: Message,
  { host, port, tls, user, password, from, to, ca }: MailChannel,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const trusted = await authorities(ca);
  const proxy = proxyForOther(host, port, surroundings.env);
  const transport = createTransport({
    ...{
      host,
      port,
      secure: (tls ?? (port === SMTPS_PORT ? 'implicit' : 'starttls')) === 'implicit',
      requireTLS: true,
    },
    ...{
      connectionTimeout: CONNECT_MS,
      greetingTimeout: ANSWER_MS,
      socketTimeout: ANSWER_MS,
      dnsTimeout: CONNECT_MS,
    },
    tls: { ...(trusted !== undefined && { ca: trusted }), minVersion: 'TLSv1.2' },
    ...(proxy && { proxy: proxy.url.href }),
    // Nothing of a message is a file or an address.
    ...{ disableFileAccess: true, disableUrlAccess: true },
    ...(user !== undefined &&
      password !== undefined && {
        auth: { user, pass: await textFrom('password', password, surroundings) },
      }),
  });
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const sending = transport.sendMail({
      ...{ from, to: [...to], subject: oneLine(message.title), text: mailText(message) },
      messageId: `<${message.id}@retarget.invalid>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Retarget-Event': message.id },
    });
    // The library breaks nothing off: what is left behind ends with its own time.
    await Promise.race([sending, aborted.promise]);
  } catch (error) {
    throw notTold(error, host, proxy);
  } finally {
    signal.removeEventListener('abort', onAbort);
    transport.close();
  }
}

const SUBJECT_CHARS_MAX = 150;

/** A file's name may hold what would begin another header. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, SUBJECT_CHARS_MAX);
