import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../src/embedded.js'
import {describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {RawConnection} from '../support/raw-resp.js'

/** The same ACL files under redis-server and the node: what is refused, what is loaded, who is thrown out. */
const START = 'user default on nopass ~* &* +@all\nuser bob on nopass ~* &* +@all\n'

/** redis-server 7.0 does not survive a file with an unclosed selector, so there is none. */
const BAD_FILES = [
  'bar\nuser\nuser x on\nuser x off\n\nuser z +foo\n user q on\n  \t\nuser default off +@all\n',
  'user "a" on\nuser b "x\n',
  'user q foo bar +nope <x +nope2\nuser q \n',
  'user  q on\n',
  'user q\ton\n',
  'user q on\n# c\n\r\n',
  'user p on +@all +get|x +config|foo\nuser r +foo #x\n',
  'USER p on\n',
  'user p ~a* allkeys ~b\nuser q &a &* &b\nuser r !x +config|get|y',
]
const GOOD_FILES = [
  '',
  '  user p on +get\r\nuser "a" on\r\n',
  'user default on nopass +@all ~a*\nuser p (+get ~x %R~y) +@all -@dangerous reset >secret',
  START,
]

describeWithPeers('ACL files beside redis-server', () => {
  let redis: RedisNode
  let node: StartedNode
  let theirFile: string
  let ourFile: string
  beforeAll(async () => {
    const folder = temporaryFolder('acl')
    theirFile = join(folder, 'theirs.acl')
    ourFile = join(folder, 'ours.acl')
    for (const file of [theirFile, ourFile]) writeFileSync(file, START)
    redis = await startRedis({args: ['--aclfile', theirFile]})
    node = await startNode({settings: {aclfile: ourFile}})
  })
  afterAll(async () => {
    await node?.stop()
    await redis?.stop()
  })

  async function both(): Promise<[RawConnection, RawConnection]> {
    return [await RawConnection.open(redis.port), await RawConnection.open(node.port)]
  }

  const plain = (reply: string): string =>
    reply
      .replaceAll(theirFile, 'FILE')
      .replaceAll(ourFile, 'FILE')
      .replace(/^\$\d+/gm, '$')

  it('takes and refuses the same files, with the same words', async () => {
    const [theirs, ours] = await both()
    for (const text of [...BAD_FILES, ...GOOD_FILES]) {
      for (const file of [theirFile, ourFile]) writeFileSync(file, text)
      const [expected, actual] = await Promise.all(
        [theirs, ours].map((one) =>
          one.batch([
            ['ACL', 'LOAD'],
            ['ACL', 'LIST'],
          ]),
        ),
      )
      expect({reply: actual!.map(plain), text}).toEqual({reply: expected!.map(plain), text})
    }
    for (const one of [theirs, ours]) one.close()
  })

  it('ends the connections of all users but the default one, even of those who stay', async () => {
    for (const file of [theirFile, ourFile]) writeFileSync(file, START)
    const admins = await both()
    for (const admin of admins) expect(await admin.call('ACL', 'LOAD')).toBe('+OK\r\n')
    const bobs = await both()
    for (const [index, bob] of bobs.entries()) {
      expect(await bob.call('AUTH', 'bob', 'x')).toBe('+OK\r\n')
      expect(await admins[index]!.call('ACL', 'LOAD')).toBe('+OK\r\n')
      await waitFor(() => bob.closed, {what: `end of bob's connection ${index}`})
      expect(await admins[index]!.call('PING')).toBe('+PONG\r\n')
      admins[index]!.close()
    }
  })

  it('writes files that redis-server loads as the same users', async () => {
    const [theirs, ours] = await both()
    await ours.call('ACL', 'SETUSER', 'zoe', 'on', '>pw', '~a*', '%R~b*', '&news', '+@read', '-get', '(+set ~x)')
    expect(await ours.call('ACL', 'SAVE')).toBe('+OK\r\n')
    writeFileSync(theirFile, readFileSync(ourFile, 'latin1'), 'latin1')
    expect(await theirs.call('ACL', 'LOAD')).toBe('+OK\r\n')
    expect(await theirs.call('ACL', 'LIST')).toBe(await ours.call('ACL', 'LIST'))
    for (const one of [theirs, ours]) one.close()
  })
})
