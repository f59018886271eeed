import { azureTokens, type AzureTokensOptions } from './azureTokens.ts';
import { accessTokenCredentials, type Credentials } from './credentials.ts';
import { signInTokens, type SignInTokensOptions } from './signInTokens.ts';

export interface SignInOptions extends AzureTokensOptions {
  readonly log?: SignInTokensOptions['log'];
}

/**
 * The sign-in that the settings ask for. A ready token in RETARGET_ACCESS_TOKEN stands above everything but a flag that
 * asks for a person. Nothing is read and nobody is asked before the first token is needed.
 * Throws a UserError (exit 4) for a ready token that can't be one.
 */
export const credentialsFrom = (options: SignInOptions): Credentials =>
  isReadyToken(options)
    ? accessTokenCredentials(options.env)
    : signInTokens(azureTokens(options), { log: options.log });

/** True when the token is a ready one, which nobody renews: its end is the end of the run. */
export const isReadyToken = ({ env, signIn }: Pick<SignInOptions, 'env' | 'signIn'>): boolean =>
  signIn === 'default' && (env['RETARGET_ACCESS_TOKEN']?.trim() ?? '') !== '';
