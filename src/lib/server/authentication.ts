import type {Client} from './client.js'
import {ReplyError} from './reply-error.js'
import type {Server} from './server.js'

/**
 * Logs the client in.
 *
 * @param command - the command that asks, as typed, for ACL LOG
 * @throws ReplyError WRONGPASS; the client stays as it was
 */
export function authenticate(server: Server, client: Client, user: string, password: string, command: string): void {
  const account = server.acl.authenticate(client, user, password, command)
  if (account === undefined) {
    throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
  }
  server.acl.logIn(client, account)
}
