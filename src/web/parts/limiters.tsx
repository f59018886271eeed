import type { VNode } from 'preact';
import { backoffInWords } from '../../app/limiterInWords.ts';
import { duration } from '../../app/words.ts';
import { familyFacts } from '../../assignments/kinds/family.ts';
import type { LimiterStatus, RunStatus } from '../../runs/progress.ts';
import { Moment } from '../clock.tsx';
import { familyPath } from './counts.tsx';

/** What the tenant takes of each family, as far as it is learned, and how it is used. */
export const Limiters = ({ run, now }: { readonly run: RunStatus; readonly now: number }): VNode => (
  <section>
    <h2>Limits of the tenant</h2>
    {run.families.length === 0 ? (
      <Limiter limiter={run.limiter} now={now} />
    ) : (
      run.families.map(({ family, total, pending, etaSeconds, limiter }) => (
        <div key={family} class="family">
          <h3>{familyFacts(family).label}</h3>
          <p>
            <a href={familyPath(run.runId, family)}>
              {(total - pending).toLocaleString('en-US')} of {total.toLocaleString('en-US')} rows
            </a>
            {etaSeconds !== null && pending > 0 && (
              <span class="foretold quiet">, about {duration(etaSeconds)} left</span>
            )}
          </p>
          <Limiter limiter={limiter} now={now} />
        </div>
      ))
    )}
    {run.writesPerWindow !== null && (
      <p class="quiet">This run takes {run.writesPerWindow} writes a window at most, as it was told.</p>
    )}
  </section>
);

const Limiter = ({ limiter, now }: { readonly limiter: LimiterStatus; readonly now: number }): VNode => (
  <div class="limiter">
    <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="rest" x="0" y="0" width="1000" height="10" />
      <rect class="budget" x="0" y="0" width={share(limiter.budget, limiter.limit)} height="10" />
      <rect class="charged" x="0" y="0" width={share(limiter.charged, limiter.limit)} height="10" />
    </svg>
    <p>
      budget {limiter.budget} of {limiter.limit} writes a window, {limiter.charged} charged,{' '}
      {Math.round(limiter.used * 100)} % used in the last one
    </p>
    {limiter.backoffUntil !== null && (
      <p class="warn">
        {backoffInWords(limiter.backoffReason)}: nothing is sent until{' '}
        <Moment at={limiter.backoffUntil} now={now} />
      </p>
    )}
  </div>
);

const share = (part: number, of: number): string =>
  Math.min(1000, (part / Math.max(1, of)) * 1000).toFixed(1);
