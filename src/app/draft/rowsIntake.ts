import type { Staging } from '../../runs/staging.ts';
import { namesNeeded } from '../../assignments/names/resolve.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { UserError } from '../../errors.ts';
import { columnNamesFrom, renamesFrom } from './namesFiles.ts';
import { writeProblems } from './problemsFile.ts';
import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import { nameLookup } from '../names/nameLookup.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { Services } from '../services.ts';
import type { DraftRows } from './draftRows.ts';
import { readingRules, type DraftTerms } from './draftTerms.ts';
import type { InputFile, RecognisedFile } from './inputFile.ts';
import { policyByPolicy, readIn, withoutPolicies, type NameLookup, type ReadingHelp } from './intake.ts';
import { problemOfPlan } from './planFileIntake.ts';
import { asksNothing, canSkip, refusedFile } from './refusedFile.ts';
import type { Stagings } from './stagings.ts';

/**
 * Stages the rows of a file; with `skipInvalid` a second time from what was staged, without the policies with problems.
 * @throws UserError (exit 2) for a file with problems, of which `problems` has told
 */
export async function stageRows(
  file: InputFile,
  stagings: Stagings,
  terms: DraftTerms,
  services: Services,
): Promise<DraftRows> {
  const { rules } = stagings;
  const { skipInvalid = false, problems: problemsPath } = terms.given;
  const { events } = services;
  const lists = policyListsOf(`${rules.root}/${rules.apiVersion}`, services);
  const help = { ...(await fileHelp(terms, services)), names: lookupFor(terms, rules, lists, services) };
  const first = await stagings.begin();
  const intake = await readIn(file, rules, (row) => first.add(row), help);
  await first.flush();
  if (intake.takenFor !== undefined) events.emit('takenFor', file.name, intake.takenFor);
  else if (intake.statedRows > 0) events.emit('statedRows', intake.statedRows, terms.given.action ?? 'add');
  if (intake.nothings > 0) events.emit('nothingAsked', intake.nothings);
  if (intake.rows === 0 && intake.problemTotal === 0) throw asksNothing(intake);
  const common = { intake, rules, lists, isRestoring: false };
  if (intake.problemTotal === 0)
    return { ...common, staging: await wholePolicies(first, stagings), leftOut: 0 };

  events.emit('problems', intake);
  if (problemsPath !== undefined) await writeProblems(problemsPath, intake.open, services);
  if (!skipInvalid || !canSkip(intake)) throw refusedFile(intake, skipInvalid);
  const rest = await stagings.with(withoutPolicies(first.rowsByBatch(), intake.badPolicies, rules));
  const leftOut = intake.rows - rest.rows;
  events.emit('leftOut', leftOut, intake.badPolicies.size);
  if (rest.rows === 0) throw refusedFile(intake, false);
  return { ...common, staging: await wholePolicies(rest, stagings), leftOut };
}

/** What the file calls its columns and things. @throws UserError (exit 2) for a file of those that can't be read */
const fileHelp = async ({ given }: DraftTerms, host: Pick<Host, 'cwd' | 'env'>): Promise<ReadingHelp> => ({
  columnNames: await columnNamesFrom(given.columns, host),
  renames: await renamesFrom(given.rename, host),
  // Ids of another tenant's assignments say nothing here.
  action: given.action ?? (given.byName === true ? 'add' : undefined),
  stated: { action: given.action, byName: given.byName === true },
  keepsOpen: given.problems !== undefined,
});

/** Names can be looked up where the tenant is read. */
function lookupFor(
  { given: { byName = false, offline }, unplanned }: DraftTerms,
  rules: ReadingRules,
  lists: PolicyLists,
  services: Services,
): NameLookup | undefined {
  const isRead = services.identity.signedIn !== undefined && !offline && !unplanned && !rules.blind;
  return isRead ? nameLookup({ ...rules, byName }, lists, services) : undefined;
}

/** What has to be written in order within a policy must lie in one batch. */
const wholePolicies = async (staging: Staging, stagings: Stagings): Promise<Staging> =>
  staging.isScattered ? stagings.with(policyByPolicy(staging, stagings.rules)) : staging;

/**
 * The sign-in may fail, or Redis be away, and the file be wrong: then the file's problems are told, since they come back
 * whatever those do.
 * @throws UserError (exit 2) for the file, or whatever the connecting failed with
 */
export async function connectedOrProblems<T>(
  connecting: Promise<T>,
  file: RecognisedFile,
  terms: DraftTerms,
  identity: Identity,
  host: Pick<Host, 'events' | 'cwd' | 'env'>,
): Promise<T> {
  try {
    return await connecting;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (file.isPlan) throw (await problemOfPlan(file)) ?? error;
    const { skipInvalid = false, byName = false } = terms.given;
    const rules = readingRules(terms, identity);
    // Names can't be looked up without what could not be reached: their rows are passed over.
    const names: NameLookup = {
      needs: (row) => namesNeeded(row, { byName }) !== undefined,
      resolver: async () => () => undefined,
    };
    const help = { ...(await fileHelp(terms, host)), names };
    const intake = await readIn(file, rules, async () => undefined, help);
    if (intake.problemTotal === 0 || (skipInvalid && canSkip(intake))) throw error;
    host.events.emit('problems', intake);
    throw refusedFile(intake, skipInvalid);
  }
}
