/** The longest record (a CSV record, a JSON object, an NDJSON line) that is read, in bytes; JSON counts characters, which are
 *  never more. A record of ours has well under 4 KB: what is longer is an open quote or another kind of file. */
export const RECORD_BYTES_MAX = 1_048_576;

/** The longest text in one cell. A cell in Excel holds no more, so anything longer would be lost on its way through one. */
export const CELL_CHARS_MAX = 32_767;

/** The most columns of a CSV header, and the most names of a JSON record: twice all the names there are, and room for what a
 *  spreadsheet adds. */
export const COLUMNS_MAX = 100;

/** How much of a name that is no column's is kept with its problem. */
export const NAME_CHARS_MAX = 60;

/** The most problems of one kind that are told of one record. */
export const RECORD_PROBLEMS_MAX = 100;

/** The most rows of a file. Intune takes 100 writes in 20 s, so these would take eleven days. */
export const ROWS_MAX = 5_000_000;

/** The longest line of a plan file, in characters: a record, written once more as a request's body, and an assignment of
 *  Graph's. Ours have well under 10 KB. */
export const PLAN_LINE_CHARS_MAX = 8 * RECORD_BYTES_MAX;

/** How deep a line of a plan file may nest: it holds a record and an assignment of Graph's as members. */
export const PLAN_DEPTH_MAX = 64;
