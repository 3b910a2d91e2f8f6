import {expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers, describeRandomCommands, mixedCase, some} from './harness.js'

const RULES = [
  ...['on', 'off', 'nopass', 'resetpass', 'reset', 'clearselectors', 'sanitize-payload', 'skip-sanitize-payload'],
  ...['>one', '>two', '<one', '<three', '', `#${'ab'.repeat(32)}`, `!${'ab'.repeat(32)}`, '#abc', '!', '>', '#'],
  ...['~*', 'allkeys', 'resetkeys', '~a*', '~b?', '%R~r*', '%W~w*', '%RW~x', '%~x', '%', '%RR~x', '%R', '~', '~a b'],
  ...['&*', 'allchannels', 'resetchannels', '&news.*', '&c', '&', '& x', '+@all', '-@all', 'allcommands', 'nocommands'],
  ...['(+get ~a*)', '(%R~r* +@all -set)', '(+@read', '~z)', '()', '(', ')', '(+nope)', '( &c +publish )', '(+get|a)'],
  ...['+select|0', '+select|1', '+config|get|x', '+debug|', '-debug|object', '+|', '+', '-', '+@', '-@', 'nonsense'],
]
const CATEGORIES = [
  ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog', 'geo'],
  ...['stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection', 'transaction', 'scripting'],
]
const COMMANDS = [
  ...['get', 'set', 'del', 'mset', 'config', 'config|get', 'config|set', 'client', 'client|kill', 'client|id', 'acl'],
  ...['acl|whoami', 'xgroup|create', 'xgroup', 'zadd', 'flushall', 'eval', 'bgsave', 'replconf', 'object|freq', 'sort'],
  ...['select', 'publish', 'nope', 'config|nope', 'get|x'],
]
const USERS = ['u', 'v', 'default2']

function makeRule(rng: Rng): string {
  const kind = rng.below(10)
  if (kind < 3) return mixedCase(rng, `${rng.pick(['+', '-'])}@${rng.pick(CATEGORIES)}`)
  if (kind < 6) return mixedCase(rng, `${rng.pick(['+', '-'])}${rng.pick(COMMANDS)}`)
  return rng.pick(RULES)
}

const LINES = [
  ...['get a1', 'get r', 'set a1 x', 'set r x get', 'set w x', 'mset a1 1 w 2', 'exists a w', 'strlen r', 'del b1'],
  ...['copy r w', 'rename a1 b1', 'getdel x', 'lcs r w', 'object freq a', 'object encoding r', 'select 0', 'select 1'],
  ...['config get x', 'config nope', 'config', 'client id', 'acl whoami', 'ping', 'randomkey', 'keys *', 'flushall x'],
  ...[
    'migrate h 1 a 0 1',
    'migrate h 1 "" 0 1 keys a b',
    'memory usage r',
    'watch a',
    'multi',
    'touch w r',
    'hello',
    'x',
  ],
]

function makeCommand(rng: Rng): string[] {
  const user = rng.pick(USERS)
  const line = rng
    .pick(LINES)
    .split(' ')
    .map((word) => word.replaceAll('"', ''))
  switch (rng.below(8)) {
    case 0:
      return ['ACL', 'LIST']
    case 1:
      return ['ACL', 'GETUSER', user]
    case 2:
      return rng.chance(0.1) ? ['ACL', 'DELUSER', user, ...some(rng, ['u', 'nobody'], 2)] : ['ACL', 'USERS']
    case 3:
    case 4:
      return ['ACL', 'DRYRUN', user, ...line]
    default:
      return ['ACL', 'SETUSER', user, ...Array.from({length: 1 + rng.below(3)}, () => makeRule(rng))]
  }
}

/** Redis lists single commands in the order of a hash table that is another in every process. */
function sortedRules(_command: readonly string[], reply: string): string {
  return reply.replace(/(?: [+-][^@ )\r]+)+/g, (words) => ` ${words.trim().split(' ').sort().join(' ')}`)
}

describeWithPeers('ACL beside redis-server', () => {
  const servers = bothServers()
  describeRandomCommands(servers, {commandsPerSeed: 1500, makeCommand, normal: sortedRules, seeds: [1]})

  it('words what most categories and single commands leave alike', async () => {
    const [theirs, ours] = await servers.both()
    const rng = seededRng(5)
    const lines = [...CATEGORIES, ...COMMANDS.filter((one) => !/nope|\|x/.test(one))].flatMap((name) => {
      const rule = CATEGORIES.includes(name) ? `@${name}` : name
      return [
        ['-@all', `+${rule}`],
        ['+@all', `-${rule}`],
        ['+@all', `-${rule}`, `-@${rng.pick(CATEGORIES)}`, `+@${rng.pick(CATEGORIES)}`, `-${rng.pick(['get', 'set'])}`],
      ]
    })
    for (const rules of lines) {
      const [expected, actual] = await Promise.all(
        [theirs, ours].map(async (one) => {
          await one.call('ACL', 'SETUSER', 'w', 'reset', ...rules)
          return sortedRules([], await one.call('ACL', 'GETUSER', 'w'))
        }),
      )
      expect({reply: actual, rules}).toEqual({reply: expected, rules})
    }
    theirs.close()
    ours.close()
  })

  it('asks again at EXEC, after rules have changed', async () => {
    const admins = await servers.both()
    const changes = [['-get'], ['resetkeys'], ['resetchannels', '-set'], ['off'], ['-@all', '+exec'], ['reset']]
    for (const change of changes) {
      const script = async (admin: RawConnection, client: RawConnection): Promise<string[]> => {
        await admin.call('ACL', 'SETUSER', 'w', 'reset', 'on', 'nopass', '~*', '&*', '+@all')
        const queue = ['GET a', 'SET a 1', 'ACL WHOAMI', 'GET a'].map((line) => line.split(' '))
        await client.batch([['AUTH', 'w', 'any'], ['MULTI'], ...queue])
        await admin.call('ACL', 'SETUSER', 'w', ...change)
        return [await client.call('EXEC'), await client.call('PING'), await logOf(admin)]
      }
      const clients = await servers.both()
      const [expected, actual] = await Promise.all(clients.map((client, i) => script(admins[i]!, client)))
      expect({actual, change}).toEqual({actual: expected, change})
      for (const one of clients) one.close()
    }
    for (const one of admins) one.close()
  })

  it('refuses and logs alike what restricted clients send', async () => {
    const [adminTheirs, adminOurs] = await servers.both()
    const admins = [adminTheirs, adminOurs]
    const rng = seededRng(6)
    for (let round = 0; round < 12; round++) {
      const rules = ['reset', 'on', 'nopass', '+multi', '+exec', '+acl|whoami', ...moreRules(rng)]
      await Promise.all(
        admins.map((one) =>
          one.batch([
            ['ACL', 'SETUSER', 'w', ...rules],
            ['ACL', 'LOG', 'RESET'],
          ]),
        ),
      )
      const clients = await servers.both()
      const script = [['AUTH', 'w', 'any'], ...Array.from({length: 40}, () => makeLine(rng))]
      const [expected, actual] = await Promise.all(clients.map((one) => one.batch(script)))
      script.forEach((command, i) => {
        expect({command, reply: actual![i], rules}).toEqual({command, reply: expected![i], rules})
      })
      const [logTheirs, logOurs] = await Promise.all(admins.map(logOf))
      expect(logOurs).toEqual(logTheirs)
      for (const one of clients) one.close()
    }
    for (const one of admins) one.close()
  })
})

function moreRules(rng: Rng): string[] {
  const patterns = ['~a*', '%R~r*', '%W~w*', '~x', '+select|0', '(+get ~b*)', '(%R~r* +@all)', '(+set ~w*)', '&c']
  const rules = Array.from({length: rng.below(5)}, () => rng.pick(patterns))
  const categories = Array.from({length: 1 + rng.below(3)}, () => `+@${rng.pick(['read', 'write', 'string', 'fast'])}`)
  return [...categories, ...rules]
}

const SENT = LINES.filter(
  (line) => !/^(?:migrate|multi|hello|randomkey|keys|memory|client|object freq|watch)/.test(line),
)

function makeLine(rng: Rng): string[] {
  if (rng.chance(0.15)) return ['MULTI']
  if (rng.chance(0.2)) return ['EXEC']
  return rng.pick(SENT).split(' ')
}

/** Without what differs between two processes: ages and the clients' lines. */
async function logOf(one: RawConnection): Promise<string> {
  const log = await one.call('ACL', 'LOG', '100')
  return log
    .replace(/\$\d+\r\n[\d.e-]+\r\n(?=\$11\r\nclient-info)/g, '')
    .replace(/\$\d+\r\nid=.* cmd=(\S+) .*\r\n/g, '$1')
}
