import { plainTypeName } from '../targets/odataTypes.ts';
import type { Protection } from './kind.ts';

/**
 * What the type names of configurations hold, the first that fits counts: a certificate profile may be one for Wi-Fi, and is named after
 * what it is. Source: the heirs of deviceConfiguration in Graph's beta metadata.
 */
const BY_PART: readonly (readonly [part: RegExp, protection: Protection])[] = [
  [/certificate|scep|pkcs|pfx/, 'certificates'],
  [/wifi/, 'Wi-Fi'],
  [/vpn/, 'VPN'],
  [/wirednetwork/, 'wired network'],
];

/** What a configuration of this `@odata.type` gives to a device; undefined for types that are none of these. */
export function protectionOfType(odataType: unknown): Protection | undefined {
  const name = plainTypeName(odataType);
  return BY_PART.find(([part]) => part.test(name))?.[1];
}
