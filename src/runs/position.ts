/** More than the rows of any batch: a place is one byte. */
const PLACES = 256;

/** Where a row lies in a record, as one number. */
export const positionOf = (batch: number, place: number): number => batch * PLACES + place;

export const batchAt = (position: number): number => Math.floor(position / PLACES);
export const placeAt = (position: number): number => position % PLACES;
