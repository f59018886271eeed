import { randomBytes } from 'node:crypto';
import { openIdOf } from '../../app/openId.ts';
import type { Services } from '../../app/services.ts';
import { SecretsInRedis } from '../../runs/webSessions.ts';
import type { AccessSettings } from './access.ts';
import { webAddress, type WebFlags } from './address.ts';
import { OneTimeLink } from './oneTimeLink.ts';
import { SecretsInMemory } from './sessions.ts';

/** How those who look come in, and the link to it where one is needed. */
export interface OpenedAccess extends AccessSettings {
  readonly link: OneTimeLink | undefined;
}

/**
 * Decides who may look, and asks the provider what it is where people sign in.
 * @throws UserError (exit 2) when anybody could look, (exit 4) when the provider is out of reach
 */
export async function openAccess(flags: WebFlags, services: Services): Promise<OpenedAccess> {
  const { identity, redactor, redis } = services;
  const address = webAddress(flags, { ...identity.config, tenant: identity.tenant }, (secret) =>
    redactor.keep(secret),
  );
  if (address.kind === 'link') {
    const link = new OneTimeLink();
    const door = { kind: 'link', link, name: identity.operator } as const;
    const cookieName = `retarget-${randomBytes(4).toString('hex')}`;
    return { address, door, link, store: new SecretsInMemory(), cookieName };
  }
  const openId = await openIdOf({ ...address.openId, tenant: identity.tenant }, identity.config.env);
  const store = new SecretsInRedis(redis, identity.tenant);
  return { address, door: { kind: 'openid', openId }, link: undefined, store };
}
