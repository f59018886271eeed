import { EXIT, UserError } from '../../errors.ts';

/** The sign-in did not work. Its text holds no secret. */
export class SignInError extends UserError {
  /** True for what a later try with the same settings may well get over: a network, a busy service. */
  readonly mayPass: boolean;

  constructor(message: string, { remedy, mayPass = false }: { remedy: string; mayPass?: boolean }) {
    super(message, { remedy, exitCode: EXIT.environment });
    this.mayPass = mayPass;
  }
}
