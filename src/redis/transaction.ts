import type { ChainableCommander } from 'ioredis';

/** Carries out a transaction. It reports each command's failure beside its result; one failure fails the whole. */
export async function execute(transaction: ChainableCommander): Promise<void> {
  for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
}
