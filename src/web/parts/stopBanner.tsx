import type { VNode } from 'preact';
import { visible } from '../../assignments/values/visible.ts';
import type { Stop } from '../../runs/runReader.ts';
import { Moment } from '../clock.tsx';
import { Command } from './command.tsx';

/** Somebody has stopped the whole tenant. */
export const StopBanner = ({
  stop,
  resume,
  now,
}: {
  readonly stop: Stop;
  /** The command that lets it go on. */
  readonly resume: string;
  readonly now: number;
}): VNode => (
  <section class="banner tone-bad" aria-label="The tenant is stopped">
    <p>
      <strong>Nothing is sent:</strong> {visible(stop.by)} stopped the whole tenant at{' '}
      <Moment at={stop.at} now={now} />
      {stop.reason !== null && <>: {visible(stop.reason)}</>}. It goes on with
    </p>
    <Command line={resume} />
  </section>
);
