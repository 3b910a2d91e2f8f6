import {expect, it} from 'vitest'
import type {NodeConnection} from '../../../src/lib/client/node-connection.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import {restoreUsers} from '../../../src/lib/operations/backup/restore-users.js'
import {idOf} from '../plan/view-of.js'

const LIST = 'user operator on #1 +info\nuser default on nopass ~* &* +@all\nuser app off\n'

/** A node that refuses a command as told; `sent` has the commands and users in order. */
function nodeThat(refuse: (words: string, sent: readonly string[]) => string | undefined) {
  const sent: string[] = []
  const link = {
    name: '127.0.0.1:7000',
    pipeline: async ([command]: readonly (readonly (string | Buffer)[])[]) => {
      const [, verb = '', user = ''] = command ?? []
      const words = `${verb} ${user}`.trim()
      const refusal = refuse(words, sent)
      sent.push(words)
      return [refusal === undefined ? 'OK' : new NodeReplyError(refusal)]
    },
  } as unknown as NodeConnection
  return {sent, connections: new Map([[idOf('a'), link]])}
}

it('keeps the others before who we are, who may have had fewer rights', async () => {
  const hasRights = (sent: readonly string[]) => !sent.includes('SETUSER operator')
  const {connections, sent} = nodeThat((_, before) => (hasRights(before) ? undefined : 'NOPERM'))
  const {users, warnings} = await restoreUsers({connections, options: {username: 'operator', timeoutMs: 1}}, LIST)
  expect(sent).toEqual(['SETUSER default', 'SETUSER app', 'SAVE', 'SETUSER operator', 'SAVE'])
  expect(users).toEqual(['default', 'app', 'operator'])
  expect(warnings).toEqual(['127.0.0.1:7000 keeps the users until it restarts: NOPERM'])
})

it('restores who we are where nothing can be kept, and says so once', async () => {
  const {connections, sent} = nodeThat((words) => (words === 'SAVE' ? 'ERR no ACL file' : undefined))
  const {warnings} = await restoreUsers({connections, options: {timeoutMs: 1}}, LIST)
  expect(sent.filter((words) => words !== 'SAVE').at(-1)).toBe('SETUSER default')
  expect(warnings).toEqual(['127.0.0.1:7000 keeps the users until it restarts: ERR no ACL file'])
})

it('names user and node that refuse', async () => {
  const {connections} = nodeThat((words) => (words === 'SETUSER app' ? 'ERR no' : undefined))
  await expect(restoreUsers({connections, options: {timeoutMs: 1}}, LIST)).rejects.toMatchObject({
    code: 'PLAN_PARTIAL',
    message: expect.stringContaining('"app": ERR no'),
  })
})
