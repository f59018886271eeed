/**
 * Whether a worker has nothing to do, and nothing is due that would make work for it. It is asked again in the end: between the two
 * questions what was due may have become a run.
 */
export const restsWith = async (
  isIdle: () => Promise<boolean>,
  isDue: readonly (() => Promise<boolean>)[],
): Promise<boolean> => {
  if (!(await isIdle())) return false;
  for (const each of isDue) if (await each()) return false;
  return isIdle();
};
