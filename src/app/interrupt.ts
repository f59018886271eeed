/** Whether an error says no more than that the first signal came. */
export const isInterrupt = (error: unknown, interrupted: AbortSignal): boolean =>
  interrupted.aborted &&
  (error === interrupted.reason || (error instanceof Error && error.name === 'AbortError'));

/**
 * The promise, or a rejection as soon as the first signal comes: for waits that no signal reaches, as for a Redis that is
 * away. What was begun goes on unheard.
 */
export async function unlessInterrupted<T>(waiting: Promise<T>, interrupted: AbortSignal): Promise<T> {
  if (interrupted.aborted) {
    waiting.catch(() => undefined);
    throw interrupted.reason;
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(interrupted.reason);
  interrupted.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([waiting, promise]);
  } finally {
    interrupted.removeEventListener('abort', onAbort);
  }
}
