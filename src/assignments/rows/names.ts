/** What people call the policy of a row, and what it is for, as far as the tenant showed it when the row was planned. */
export interface RowNames {
  readonly policy?: string | undefined;
  readonly platform?: string | undefined;
}
