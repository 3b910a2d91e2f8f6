import {describe, expect, it} from 'vitest'
import {type MoveMeans, type MoveRole, neededAt} from '../../../../src/lib/plan/permissions/move-permissions.js'
import {
  judgePermissions,
  KEY,
  type Permission,
  readAttempt,
  readDryRun,
} from '../../../../src/lib/plan/permissions/permissions.js'

const namesAt = (means: MoveMeans, ...roles: MoveRole[]) => neededAt(new Set(roles), means).map(({name}) => name)

describe('neededAt', () => {
  it('asks of a source what MIGRATE takes, of a target what MIGRATE sends', () => {
    expect(namesAt('migrate', 'source')).toContain('migrate')
    expect(namesAt('migrate', 'source')).not.toContain('restore-asking')
    expect(namesAt('migrate', 'target')).toEqual(
      expect.arrayContaining(['cluster|setslot', 'select', 'restore-asking']),
    )
    expect(namesAt('migrate', 'target')).not.toContain('migrate')
  })

  it('asks more where slots may be copied, and each command once of who is both', () => {
    expect(namesAt('copy', 'source')).toEqual(expect.arrayContaining(['migrate', 'watch', 'dump', 'exec', 'del']))
    const both = namesAt('copy', 'source', 'target')
    expect(new Set(both).size).toBe(both.length)
  })

  it('asks for no key where the nodes move slots by themselves', () => {
    expect(namesAt('atomic', 'source', 'target')).toEqual(['cluster|countkeysinslot'])
  })

  it('really sends nothing that could change anything', () => {
    for (const {harmless, name} of neededAt(new Set(['source', 'target']), 'copy')) {
      if (name === 'multi' || name === 'watch') expect(harmless).toBeUndefined()
      if (name === 'cluster|setslot') expect(harmless?.[2]).toBe('-1')
      if (name === 'migrate') expect(harmless?.at(-1)).toBe('never')
      if (name === 'del') expect(harmless).toEqual(['DEL', KEY])
    }
  })
})

describe('what nodes answer', () => {
  const dryRuns: [reply: unknown, permission: Permission][] = [
    ['OK', 'allowed'],
    ["This user has no permissions to run the 'migrate' command", 'denied'],
    ["User bob has no permissions to run the 'migrate' command", 'denied'],
    ["This user has no permissions to access the 'x' key", 'denied-key'],
    [new Error('NOPERM this user has no permissions to run the acl|dryrun command'), 'not-told'],
    [null, 'not-told'],
  ]
  for (const [reply, permission] of dryRuns) {
    it(`reads ACL DRYRUN ${String(reply)}`, () => expect(readDryRun(reply)).toBe(permission))
  }

  const attempts: [error: string | undefined, permission: Permission][] = [
    [undefined, 'allowed'],
    ['ERR Invalid or out of range slot', 'allowed'],
    ['MOVED 5 127.0.0.1:7001', 'allowed'],
    ["NOPERM this user has no permissions to run the 'migrate' command or its subcommand", 'denied'],
    ['NOPERM this user has no permissions to access one of the keys used as arguments', 'denied-key'],
    ['NOPERM No permissions to access a key', 'denied-key'],
    ["ERR unknown command 'MIGRATE', with args beginning with:", 'unknown-command'],
  ]
  for (const [error, permission] of attempts) {
    it(`reads ${error ?? 'a reply without error'}`, () => expect(readAttempt(error)).toBe(permission))
  }
})

describe('judgePermissions', () => {
  const [first, second, third] = neededAt(new Set(['source']), 'migrate')
  const judge = (...permissions: [Permission, Permission, Permission]) =>
    judgePermissions([
      {
        node: {id: 'a'.repeat(40) as never, address: '10.0.0.1:7000'},
        user: 'bob',
        permissions: new Map(
          [first, second, third].map((needed, index) => [needed as never, permissions[index] as Permission]),
        ),
      },
    ])

  it('finds nothing where all is allowed or not told', () => {
    expect(judge('allowed', 'not-told', 'allowed')).toEqual([])
  })

  it('names node, user, commands, and the rules to add', () => {
    const [refusal] = judge('denied', 'denied-key', 'allowed')
    expect(refusal).toMatchObject({
      address: '10.0.0.1:7000',
      user: 'bob',
      commands: [first?.name, second?.name],
      rules: [`+${first?.name}`, '~*'],
      message: `on 10.0.0.1:7000 user bob may not run ${first?.name}, user bob may not touch every key with ${second?.name}`,
    })
  })

  it('has no rule to add for a command that is not there', () => {
    expect(judge('unknown-command', 'allowed', 'allowed')[0]).toMatchObject({rules: [], commands: [first?.name]})
  })
})
