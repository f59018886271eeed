import { identify, signIn } from '../../app/identity.ts';
import { proofLines, PROOF_COLUMNS } from '../../app/prove/proofRows.ts';
import { proveRun } from '../../app/prove/prove.ts';
import { findOurRun } from '../../app/runs/findRun.ts';
import { openServices } from '../../app/services.ts';
import { openSnapshot } from '../../app/snapshots/openSnapshot.ts';
import { count } from '../../app/words.ts';
import { PROOFS, type ProofKind } from '../../assignments/proof/proofItem.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { CliCommand } from '../context.ts';
import { someOf } from '../flags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { outputFormat, outputOptions, writeOutput, type OutputFlags } from '../terminal/output.ts';
import { proofJson, sayProof, showProof, TOLD_BY_DEFAULT } from '../terminal/showProof.ts';

interface ProveFlags extends SharedFlags, OutputFlags {
  readonly snapshot?: string;
  readonly planDir?: string;
  readonly list?: ReadonlySet<ProofKind>;
  readonly json?: boolean;
}

export const prove: CliCommand<ProveFlags> = {
  options: (command) =>
    outputOptions(
      sharedOptions(command)
        .option('--snapshot <file>', 'the whole tenant before the run; without it, what its plan saw')
        .option('--plan-dir <dir>', 'where the plans of runs are kept; default: in the data directory')
        .addOption(
          someOf(
            '--list <proofs>',
            'show these assignments, by comma; otherwise those that are not as planned, in a file all',
            PROOFS,
          ),
        )
        .option('--json', 'print the proof as JSON'),
    ),
  async run([name = ''], { snapshot, planDir, list, json, ...flags }, context) {
    const format = outputFormat(flags);
    const known = identify(flags, context);
    await using services = await openServices(await signIn(known, context), context);
    const run = await findOurRun(name, services);
    const before =
      snapshot === undefined
        ? undefined
        : await openSnapshot(snapshot, await services.runs.sealKey(), services);
    const proof = await proveRun(run, { snapshot: before, planDir }, services);
    if (flags.output !== undefined || flags.format !== undefined) {
      const lines = [...proofLines(proof, list ?? new Set(PROOFS))];
      await writeOutput(writeRows(format, PROOF_COLUMNS, lines), flags.output, context);
      if (flags.output !== undefined)
        context.print.say(`Wrote ${count(lines.length, 'assignment')} to ${flags.output}.`);
    }
    if (json) context.print.json(proofJson(proof, list ?? TOLD_BY_DEFAULT));
    else if (flags.output === undefined && flags.format === undefined) showProof(proof, list, context.print);
    else sayProof(proof, context.print);
    return proof.isAsPlanned ? EXIT.done : EXIT.someRowsFailed;
  },
};
