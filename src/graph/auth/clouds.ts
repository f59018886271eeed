import { EXIT, UserError } from '../../errors.ts';

export interface Cloud {
  /** Where Graph is, without version. */
  readonly root: string;
  /** Where tokens come from. */
  readonly authority: string;
  /** What a token is asked for. Never made from RETARGET_GRAPH_URL, or a proxy's name would go to the sign-in. */
  readonly scope: string;
}

/** National clouds. Source: learn.microsoft.com/graph/deployments. Their tokens are not interchangeable. */
export const CLOUDS = {
  global: {
    root: 'https://graph.microsoft.com',
    authority: 'https://login.microsoftonline.com',
    scope: 'https://graph.microsoft.com/.default',
  },
  usgov: {
    root: 'https://graph.microsoft.us',
    authority: 'https://login.microsoftonline.us',
    scope: 'https://graph.microsoft.us/.default',
  },
  dod: {
    root: 'https://dod-graph.microsoft.us',
    authority: 'https://login.microsoftonline.us',
    scope: 'https://dod-graph.microsoft.us/.default',
  },
  china: {
    root: 'https://microsoftgraph.chinacloudapi.cn',
    authority: 'https://login.chinacloudapi.cn',
    scope: 'https://microsoftgraph.chinacloudapi.cn/.default',
  },
} as const satisfies Record<string, Cloud>;

export type CloudName = keyof typeof CLOUDS;

/**
 * Where requests go: `text` if given, else the cloud's root. Without API version and without a slash at the end.
 * Throws a UserError (exit 2) for what is no such address, and for plain http to anything but this machine.
 */
export function graphRootFrom(text: string | undefined, cloud: CloudName): string {
  const written = text?.trim() ?? '';
  if (written === '') return CLOUDS[cloud].root;
  const url = URL.parse(written);
  if (url === null) throw wrongRoot(`The Graph address "${written}" is no URL.`, cloud);
  // Told without its text: it may hold a password.
  if (url.username !== '' || url.password !== '')
    throw wrongRoot('The Graph address has a user name in it.', cloud);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw wrongRoot(`The Graph address "${written}" does not start with https://.`, cloud);
  }
  if (url.search !== '' || url.hash !== '') {
    throw wrongRoot(`The Graph address "${written}" has something after "?" or "#".`, cloud);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw wrongRoot(
      `The Graph address "${written}" is plain http to another machine: the token could be read on the way.`,
      cloud,
    );
  }
  return url.origin + url.pathname.replace(/(\/(beta|v1\.0))?\/*$/i, '');
}

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

const wrongRoot = (message: string, cloud: CloudName): UserError =>
  new UserError(message, {
    remedy: `Set RETARGET_GRAPH_URL=${CLOUDS[cloud].root}, or leave it out; plain http only to this machine, as in http://127.0.0.1:8080.`,
    exitCode: EXIT.badInput,
  });
