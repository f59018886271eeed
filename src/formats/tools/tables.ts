import { plainName } from '../../assignments/values/plainName.ts';
import { effectiveAssignments } from './intuneAssignmentChecker.ts';
import { intuneAssignmentsManager } from './intuneAssignmentsManager.ts';
import { intuneAssistant } from './intuneAssistant.ts';
import { intuneToolkit } from './intuneToolkit.ts';
import { inToolz } from './inToolz.ts';
import type { TableTool } from './tableTool.ts';

/** Tables that are read. A new one is its own file and its line here. */
const TABLES: readonly TableTool[] = [
  intuneAssistant,
  intuneAssignmentsManager,
  intuneToolkit,
  effectiveAssignments,
  inToolz,
];

/** The tool that a header is of; undefined for one that is not known, or is not read. */
export function tableOf(header: readonly string[]): TableTool | undefined {
  const names = new Set(header.map(plainName));
  return TABLES.find(({ has }) => has.every((name) => names.has(plainName(name))));
}
