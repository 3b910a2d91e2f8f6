import type {Client} from './client.js'
import {ReplyError} from './reply-error.js'
import type {Server} from './server.js'

/**
 * Compares without telling by its duration where the first difference is.
 *
 * @param given - what the client sent; its length alone may show
 */
function isSame(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % (secret.length || 1))
  return difference === 0
}

/** Logs the client in. @throws ReplyError WRONGPASS; the client stays as it was */
export function authenticate(server: Server, client: Client, user: string, password: string): void {
  const {requirepass} = server.config.values
  // Without a password the default user takes any.
  if (user !== 'default' || (requirepass !== '' && !isSame(password, requirepass))) {
    throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
  }
  client.user = user
  client.authenticated = true
}
