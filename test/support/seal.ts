import { Redis } from 'ioredis';
import { PlanSeal, SEAL_MARK } from '../../src/formats/planSeal.ts';
import { keysOf } from '../../src/runs/keys.ts';

/** A plan that was changed, with a seal as its tenant's own workers would have made it. */
export async function resealed(text: string, redisUrl: string, tenant: string): Promise<string> {
  const redis = new Redis(redisUrl);
  try {
    const key = await redis.getBuffer(keysOf(tenant).seal);
    if (key === null) throw new Error('the tenant has sealed no plan');
    const sealed = text.slice(0, text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length);
    const seal = new PlanSeal(key);
    seal.update(sealed);
    return `${sealed}${seal.end().hmac}"}\n`;
  } finally {
    redis.disconnect();
  }
}
