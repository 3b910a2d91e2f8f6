import {describe, expect, it} from 'vitest'
import {mayReadAnyKey, maySubscribe} from '../../../../src/lib/server/acl/permissions.js'
import {AdminHarness, type Reply} from '../commands-server/harness.js'

const OPEN_DEFAULT = 'user default on nopass ~* &* +@all'

function listOf(node: AdminHarness): Reply {
  return node.call(node.connect(), 'ACL LIST')
}

describe('users', () => {
  it('come from the configuration, with the default user opened by nobody', () => {
    const node = new AdminHarness('requirepass secret\nuser bob on >pw ~a* -@all +get\nuser default on nopass +ping')
    const client = node.connect()
    expect(client.special).not.toBe(0)
    expect(node.call(client, 'PING')).toBe('+PONG')
    expect(node.call(client, 'GET a')).toBe("-NOPERM this user has no permissions to run the 'get' command")
    expect(node.call(client, 'AUTH bob pw')).toBe('+OK')
    expect(node.call(client, 'GET a')).toBe(null)
    expect(node.call(client, 'GET b')).toContain('-NOPERM')
    expect(node.call(client, 'AUTH bob no')).toContain('-WRONGPASS')
  })

  it('stop the start if a rule is wrong', () => {
    expect(() => new AdminHarness('user bob +nope')).toThrow(
      "Error loading ACL rule '+nope' for the user named 'bob': Unknown command or category name in ACL",
    )
    expect(() => new AdminHarness('user "a b" on')).toThrow('Spaces not allowed in ACL usernames')
    expect(() => new AdminHarness('user a on\naclfile users.acl')).toThrow('Configuring Redis with users defined')
    expect(() => new AdminHarness('aclfile users.acl')).toThrow(
      "Aborting Redis startup because of ACL errors: Error loading ACLs, opening file 'users.acl': No such file",
    )
  })

  it('are worded by names that redis-server knows, also where rules name other subcommands', () => {
    const node = new AdminHarness(
      'user a on nopass -@all +cluster|migrateslots\nuser b on nopass +@all -cluster|setslot',
    )
    expect(listOf(node)).toEqual(
      expect.arrayContaining([
        'user a on nopass resetchannels -@all +cluster|setslot',
        'user b on nopass resetchannels +@all -cluster|setslot',
      ]),
    )
    const dryRun = (user: string) =>
      node.call(node.connect(), `ACL DRYRUN ${user} CLUSTER MIGRATESLOTS SLOTSRANGE 0 1 NODE x`)
    expect(dryRun('a')).toBe('+OK')
    expect(dryRun('b')).toContain("has no permissions to run the 'cluster|migrateslots' command")
  })

  it('leave nothing marked that may do everything, and mark clients at once when rules change', () => {
    const node = new AdminHarness()
    const client = node.connect()
    expect(client.special).toBe(0)
    node.call(client, 'ACL SETUSER default -flushall')
    expect(client.special).not.toBe(0)
    expect(node.call(client, 'FLUSHALL')).toContain('-NOPERM')
    node.call(client, 'ACL SETUSER default +@all')
    expect(client.special).toBe(0)
  })

  it('take their connections with them', () => {
    const node = new AdminHarness('user bob on nopass +@all ~*')
    const [admin, bob] = [node.connect(), node.connect()]
    node.call(bob, 'AUTH bob x')
    expect(node.call(admin, 'ACL DELUSER bob nobody')).toBe(1)
    expect(node.asked).toContain(`close ${bob.id}`)
    const self = node.connect()
    node.call(self, 'ACL SETUSER tmp on nopass +@all')
    node.call(self, 'AUTH tmp x')
    expect(node.call(self, 'ACL DELUSER tmp')).toBe(1)
    expect(self.closing).toBe(true)
  })

  it('are asked for a password by requirepass, and the password of the default user is what counts', () => {
    const node = new AdminHarness()
    const before = node.connect()
    node.call(before, 'CONFIG SET requirepass one')
    const client = node.connect()
    expect(node.call(client, 'GET a')).toBe('-NOAUTH Authentication required.')
    expect(node.call(before, 'GET a')).toBe(null)
    node.call(before, 'ACL SETUSER default >two')
    expect(node.call(client, 'AUTH two')).toBe('+OK')
    expect(node.call(node.connect(), 'AUTH one')).toBe('+OK')
    const late = node.connect()
    node.call(before, 'ACL SETUSER default nopass')
    expect(node.call(late, 'GET a')).toBe(null)
    expect(node.call(late, 'AUTH two')).toContain('called without any password configured')
  })

  it('are written to the configuration and read back', () => {
    const node = new AdminHarness('user bob on >pw ~a* (%R~b* +get)')
    node.server.config.fileName = 'node.conf'
    node.file = 'user bob on\nhz 20\nuser gone on\nuser more on\n'
    node.call(node.connect(), 'CONFIG REWRITE')
    expect(node.file.split('\n')[0]).toMatch(/^user bob on #[0-9a-f]{64} ~a\* resetchannels -@all \(%R~b\*/)
    expect(node.file).not.toContain('gone')
    const back = new AdminHarness(node.file)
    expect(listOf(back)).toEqual(listOf(node))
  })
})

describe('the ACL file', () => {
  function withFile(text: string): AdminHarness {
    const node = new AdminHarness()
    node.server.config.values.aclfile = 'users.acl'
    node.aclFile = text
    return node
  }

  it('replaces all users, or nothing', () => {
    const node = withFile('user bob on nopass +@all ~*\n\n')
    const admin = node.connect()
    expect(node.call(admin, 'ACL LOAD')).toBe('+OK')
    expect(node.call(admin, 'ACL USERS')).toEqual(['bob', 'default'])
    const bob = node.connect()
    node.call(bob, 'AUTH bob x')
    node.aclFile = 'user default on nopass +@all\nuser eve off (+get\n'
    expect(node.call(admin, 'ACL LOAD')).toBe(
      '-ERR users.acl:2: Unmatched parenthesis in selector definition. WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
    )
    expect(node.call(bob, 'ACL WHOAMI')).toBe('bob')
    node.aclFile = 'user eve on nopass\n'
    expect(node.call(admin, 'ACL LOAD')).toBe('+OK')
    expect(node.asked).toContain(`close ${bob.id}`)
    expect(listOf(node)).toEqual([OPEN_DEFAULT, 'user eve on nopass resetchannels -@all'])
  })

  it('is what ACL SAVE writes', () => {
    const node = withFile('')
    const admin = node.connect()
    node.call(admin, 'ACL SETUSER bob on +@read -get ~* (+set ~x)')
    expect(node.call(admin, 'ACL SAVE')).toBe('+OK')
    const before = listOf(node)
    node.call(admin, 'ACL DELUSER bob')
    expect(node.call(admin, 'ACL LOAD')).toBe('+OK')
    expect(listOf(node)).toEqual(before)
  })
})

describe('ACL LOG', () => {
  it('counts up what happens again within a minute, and keeps no more than it should', () => {
    const node = new AdminHarness('acllog-max-len 2\nuser bob on nopass')
    const [admin, bob] = [node.connect(), node.connect()]
    const entries = (): Reply[][] => node.call(admin, 'ACL LOG') as Reply[][]
    node.call(bob, 'AUTH bob x')
    node.call(bob, 'GET a')
    node.call(bob, 'SET a b')
    node.nowMs += 59_000
    node.call(bob, 'GET a')
    expect(entries().map((entry) => [entry[1], entry[7], entry[11]])).toEqual([
      [2, 'get', '0'],
      [1, 'set', '59'],
    ])
    node.nowMs += 61_000
    node.call(bob, 'GET a')
    expect(entries().map((entry) => [entry[1], entry[7]])).toEqual([
      [1, 'get'],
      [2, 'get'],
    ])
  })
})

describe('what other commands ask', () => {
  it('tells who may read keys that are named nowhere', () => {
    const node = new AdminHarness('user a +@all ~a* (+@all %R~* )\nuser b +@all ~b*\nuser c +@all ~b* (+set ~*)')
    const {acl, commands} = node.server
    const get = commands.get('get')!
    const may = (name: string): boolean => mayReadAnyKey(acl.find(name)!, get, ['get', 'b'])
    expect([may('a'), may('b'), may('c'), may('default')]).toEqual([true, false, false, true])
  })

  it('tells which subscriptions a user could have made', () => {
    const node = new AdminHarness('user a &news.* &x')
    const may = (channels: string[], patterns: string[]): boolean =>
      maySubscribe(node.server.acl.find('a')!, channels, patterns)
    expect([may(['news.1', 'x'], ['news.*']), may(['y'], []), may([], ['news.1'])]).toEqual([true, false, false])
  })
})
