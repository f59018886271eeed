import { isZeroGuid } from '../values/guid.ts';
import type { Filter } from '../targets/filter.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import { TARGET_KINDS, type TargetType } from '../targets/target.ts';

/** The filter that `filterId` and `filterType` describe. The target's type is undefined when it could not be read. */
export function readFilter(reader: RowReader, targetType: TargetType | undefined): Filter | undefined {
  const type = reader.choice('filterType', ['include', 'exclude', 'none']);
  // Graph's own word for no filter, with none or without a type.
  const isNone = (type === 'none' || !reader.has('filterType')) && isZeroGuid(reader.text('filterId') ?? '');
  if (isNone) return reader.rules.apiVersion === 'v1.0' ? { kind: 'keep' } : { kind: 'none' };
  const id = reader.guid('filterId', 'filter');
  if ((reader.has('filterType') && type === undefined) || (reader.has('filterId') && id === undefined))
    return undefined;
  const takesFilter = targetType === undefined || TARGET_KINDS[targetType].takesFilter;
  if (type === undefined && id === undefined) return blankFilter(reader, takesFilter);
  const named = id === undefined ? 'filterType' : 'filterId';
  if (reader.rules.apiVersion === 'v1.0')
    return reader.problem(named, 'Only the beta API has filters.', NEEDS_BETA);
  if (type === 'none') {
    if (id === undefined) return { kind: 'none' };
    const remedy = 'Leave filterId blank, or write include or exclude.';
    return reader.problem('filterId', 'filterType is none, yet there is a filterId.', remedy);
  }
  if (!takesFilter) {
    const remedy = 'Leave filterId and filterType blank.';
    return reader.problem(named, `The target type ${targetType} takes no filter.`, remedy);
  }
  if (type === undefined)
    return reader.problem('filterType', 'A filterId needs a filterType.', 'Write include or exclude.');
  if (id === undefined) {
    const remedy = 'Fill in filterId, or write none.';
    return reader.problem('filterId', `The filterType ${type} needs a filterId.`, remedy);
  }
  return { kind: 'filter', id, type };
}

/** A blank filter keeps what the read finds; where there can be none, nothing is there to be kept. */
function blankFilter(reader: RowReader, takesFilter: boolean): Filter | undefined {
  if (!takesFilter) return { kind: 'none' };
  if (reader.rules.blind && reader.rules.apiVersion === 'beta') {
    return reader.problem(
      'filterType',
      'A blank filter means "keep it", which --blind can\'t.',
      'Write none, or include or exclude with a filterId, or run without --blind.',
    );
  }
  return { kind: 'keep' };
}
