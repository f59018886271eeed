/** Writes that the tenant has taken and not applied yet. Nobody who asked for them can stop them any more. */
export interface Landings {
  later(afterMs: number, land: () => void): void;
  /** Those that have not landed never do. */
  close(): void;
}

export function openLandings(): Landings {
  const waiting = new Set<NodeJS.Timeout>();
  return {
    later(afterMs, land) {
      const timer = setTimeout(() => {
        waiting.delete(timer);
        land();
      }, afterMs);
      waiting.add(timer);
    },
    close() {
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
    },
  };
}
