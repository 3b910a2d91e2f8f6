import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {ABSENT_COMMANDS} from '../../src/lib/server/acl/absent-commands.js'
import {commandTable} from '../../src/lib/server/commands/index.js'
import {everyCommand} from '../../src/lib/server/info/statistics.js'
import {describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import type {Reply} from '../unit/server/commands-server/harness.js'
import {RawPeer} from './admin-peer.js'

/**
 * What redis-server has and the node lacks is exactly what is agreed: the list in src/lib/server/acl/absent-commands.ts,
 * each with a reason below. After commands were added, `UPDATE_GOLDEN=1` writes the list anew; a reason that nothing needs
 * any more has to go by hand.
 */
const LIST = join(import.meta.dirname, '../../src/lib/server/acl/absent-commands.ts')

/** By command, else by container, else by group. */
const REASONS: Readonly<Record<string, string>> = {
  module: 'a node in JavaScript cannot load modules written in C',
}

interface Facts {
  readonly categories: string
  readonly group: string
}

const ours = new Set([...everyCommand(commandTable())].map(({fullName}) => fullName))

describeWithPeers('the commands the node lacks', () => {
  const theirs = new Map<string, Facts>()
  let redis: RedisNode
  beforeAll(async () => {
    redis = await startRedis()
    const peer = await RawPeer.connect(redis.port)
    const groups = groupsOf(await peer.call(['COMMAND', 'DOCS']))
    const note = (entry: Reply[]): void => {
      const name = entry[0] as string
      const categories = (entry[6] as string[]).map((category) => category.replace(/^[+@]+/, '')).join(' ')
      theirs.set(name, {categories, group: groups.get(name.split('|')[0]!)!})
      for (const sub of entry[9] as Reply[][]) note(sub)
    }
    for (const entry of (await peer.call(['COMMAND'])) as Reply[][]) note(entry)
    peer.close()
  })
  afterAll(() => redis.stop())

  it('are those agreed', () => {
    const lacking = [...theirs].filter(([name]) => !ours.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
    const wanted = Object.fromEntries(lacking.map(([name, {categories}]) => [name, categories]))
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(LIST, listSource(wanted))
    else expect(ABSENT_COMMANDS).toEqual(wanted)
  })

  it('lack for a reason, and every reason is needed', () => {
    const used = new Set<string>()
    const unexplained: string[] = []
    for (const [name, {group}] of theirs) {
      if (ours.has(name)) continue
      const reason = [name, name.split('|')[0]!, group].find((key) => key in REASONS)
      if (reason === undefined) unexplained.push(name)
      else used.add(reason)
    }
    expect(unexplained).toEqual([])
    expect(Object.keys(REASONS).filter((key) => !used.has(key))).toEqual([])
  })
})

/** Of COMMAND DOCS: name, then a map of which `group` is one key. */
function groupsOf(docs: Reply): Map<string, string> {
  const flat = docs as Reply[]
  const groups = new Map<string, string>()
  for (let i = 0; i < flat.length; i += 2) {
    const facts = flat[i + 1] as Reply[]
    groups.set(flat[i] as string, facts[facts.indexOf('group') + 1] as string)
  }
  return groups
}

/** The file as biome formats it. */
function listSource(absent: Readonly<Record<string, string>>): string {
  const lines = Object.entries(absent).map(([name, categories]) => {
    const key = /^[a-z_]+$/.test(name) ? name : `'${name}'`
    return `  ${key}: '${categories}',\n`
  })
  return [
    '/**\n',
    ' * Commands of Redis 7.0 that this node lacks, with their categories: access rules may name them all the same.\n',
    ' *\n',
    ' * test/interop/absent-commands.test.ts compares the list with a real server; with UPDATE_GOLDEN=1 it writes it anew.\n',
    ' */\n',
    'export const ABSENT_COMMANDS: Readonly<Record<string, string>> = {\n',
    ...lines,
    '}\n',
  ].join('')
}
