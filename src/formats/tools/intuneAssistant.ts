import { foldedName } from '../../assignments/names/nameTable.ts';
import {
  everybodyExcluded,
  fault,
  namedTarget,
  notKnown,
  policyIn,
  rows,
  statedRow,
  type StatedColumns,
} from './stated.ts';
import type { TableTool, ToolCell, ToolReading, ToolRow } from './tableTool.ts';
import { everybodyNamed, saysNoTarget } from './words.ts';

const ACTIONS = ['Add', 'Remove', 'Replace', 'NoAssignment'] as const;

/**
 * The template for bulk assignments, and the export that is made to be edited into one. `Replace` is the whole list of its policy, together
 * with the policy's other rows; `NoAssignment` empties it.
 * Source: IntuneAssistant.Docs, create-assignments-template.mdx and scenarios.mdx; blank-assignment-template.csv.
 */
export const intuneAssistant: TableTool = {
  is: "IntuneAssistant's template for bulk assignments",
  has: ['PolicyName', 'GroupName', 'AssignmentDirection', 'AssignmentAction'],
  // Ids are nothing of its own: they tell apart what several have the name of.
  also: ['FilterName', 'Filter', 'FilterType', 'Role Scope Tags', 'PolicyId', 'GroupId', 'FilterId'],
  isUnquoted: true,
  saysActions: true,
  reader() {
    const cleared = new Set<string>();
    return (row) => {
      const policy = policyIn(row, { id: 'PolicyId', name: 'PolicyName' });
      const action = ACTIONS.find(
        (each) => each.toLowerCase() === row.text('AssignmentAction').toLowerCase(),
      );
      switch (action) {
        case undefined:
          return notKnown(policy, 'AssignmentAction', row, ACTIONS);
        case 'NoAssignment':
          return nobody(row, policy);
        case 'Add':
        case 'Remove':
        case 'Replace': {
          const assigned = assignment(row, policy, action === 'Remove');
          if ('kind' in assigned) return assigned;
          if (action !== 'Replace') return rows([...policy, ...assigned]);
          // One such row a policy; it spares what the policy's other rows are about.
          const key = `${row.text('PolicyId')} ${foldedName(row.text('PolicyName'))}`;
          if (cleared.has(key)) return rows([...policy, ...assigned]);
          cleared.add(key);
          return rows(clearing(policy), [...policy, ...assigned]);
        }
      }
    };
  },
};

const clearing = (policy: readonly ToolCell[]): readonly ToolCell[] => [
  ...policy,
  ['action', 'clear', 'AssignmentAction'],
];

function nobody(row: ToolRow, policy: readonly ToolCell[]): ToolReading {
  const named = ['GroupName', filterColumn(row)].find((name) => !saysNoTarget(row.text(name)));
  if (named === undefined) return rows(clearing(policy));
  return fault(
    policy,
    named,
    `NoAssignment takes every assignment of the policy away, yet the row has a ${named}.`,
    `Leave ${named} blank, or write Remove to take this one away.`,
  );
}

const filterColumn = (row: ToolRow): string => (row.text('FilterName') === '' ? 'Filter' : 'FilterName');

/** The cells of what a row adds or removes; a removal names its filter only where the row has one. */
function assignment(
  row: ToolRow,
  policy: readonly ToolCell[],
  isRemoval: boolean,
): readonly ToolCell[] | ToolReading {
  const direction = row.text('AssignmentDirection').toLowerCase();
  if (direction !== 'include' && direction !== 'exclude')
    return notKnown(policy, 'AssignmentDirection', row, ['Include', 'Exclude']);
  const name = row.text('GroupName');
  const isGroup = row.text('GroupId') !== '';
  if (saysNoTarget(name) && !isGroup)
    return fault(
      policy,
      'GroupName',
      'GroupName names no group.',
      'Write a group, All Users or All Devices.',
    );
  if (!isGroup && direction === 'exclude' && everybodyNamed(name) !== undefined)
    return everybodyExcluded(policy, 'GroupName', row);
  const type = namedTarget(isGroup ? '' : name, direction === 'exclude');
  const columns: StatedColumns = {
    ...{ target: 'AssignmentDirection', action: 'AssignmentAction' },
    ...{ groupId: 'GroupId', groupName: 'GroupName' },
    ...{ filterId: 'FilterId', filterName: filterColumn(row), filterType: 'FilterType' },
  };
  if (!isRemoval) return statedRow(row, type, columns, 'add');
  const removed = statedRow(row, type, columns, 'remove');
  // Without a filter in the row it is whichever the assignment has.
  const namesFilter = removed.some(([column]) => column === 'filterId' || column === 'filterName');
  return namesFilter
    ? removed
    : removed.filter(([column]) => column === 'action' || column.startsWith('from'));
}
