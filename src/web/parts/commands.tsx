import type { VNode } from 'preact';
import type { Identity } from '../../app/identity.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { Command, type CommandProps } from './command.tsx';

/** What is done with a run on a terminal: a page only shows how. */
export const Commands = ({ run, hint }: { readonly run: Run; readonly hint: Identity['hint'] }): VNode => (
  <section>
    <h2>On a terminal</h2>
    {commandsFor(run, hint).map((command) => (
      <Command key={command.line} {...command} />
    ))}
  </section>
);

function commandsFor(run: Run, hint: Identity['hint']): readonly CommandProps[] {
  const { runId, counts, state } = run;
  const isOver = hasEnded(run);
  const hasFailed = counts.failed + counts.stale > 0;
  const hasWritten = run.written > 0 || counts.succeeded > 0;
  return [
    ...(run.reason === 'deadline'
      ? [{ what: 'Take its deadline away', line: hint(`update ${runId} --deadline off`) }]
      : []),
    ...(hasFailed
      ? [{ what: 'The failed rows, as a table', line: hint(`results ${runId} --only failed,stale`) }]
      : []),
    ...(counts.unsure > 0
      ? [{ what: 'Rows that may be written, or still be', line: hint(`results ${runId} --only unsure`) }]
      : []),
    ...(state === 'aborted' ? [{ what: 'Go on with the rest', line: hint(`resume ${runId}`) }] : []),
    ...(isOver && hasFailed
      ? [{ what: 'Try the failed rows again', line: hint(`retry ${runId} --work`) }]
      : []),
    ...(hasWritten
      ? [
          { what: 'Put everything back that it has written', line: hint(`rollback ${runId}`) },
          {
            what: 'Put back the rows of one platform only',
            line: hint(`rollback ${runId} --where 'platform=iOS*'`),
          },
        ]
      : []),
    ...(isOver
      ? []
      : [{ what: 'End it after what is in flight; the rest is not written', line: hint(`cancel ${runId}`) }]),
    { what: 'A report for the change board', line: hint(`report ${runId} -o change.html`) },
    {
      what: 'All its rows with what became of them, as a file',
      line: hint(`results ${runId} -o results.csv`),
    },
  ];
}
