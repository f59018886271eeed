/** The longest record (a CSV record, a JSON object, an NDJSON line) that is read, in bytes; JSON counts characters, which are
 *  never more. A record of ours has well under 4 KB: what is longer is an open quote or another kind of file. */
export const RECORD_BYTES_MAX = 1_048_576;

/** The longest text in one cell. A cell in Excel holds no more, so anything longer would be lost on its way through one. */
export const CELL_CHARS_MAX = 32_767;

/** The most columns a CSV header may have: twice all the names there are, and room for what a spreadsheet adds. */
export const HEADER_COLUMNS_MAX = 100;
