import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {Client} from '../../../src/lib/server/client.js'
import {type RedisNode, startRedis} from '../../support/peers.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'
import {ReplicationTap} from '../../support/replication-tap.js'
import {Rig} from '../../unit/server/rig.js'
import {SCENARIOS_OF_KEYS} from './propagation-of-keys.js'
import {SCENARIOS_OF_TYPES} from './propagation-of-types.js'

/**
 * What goes to replicas for each command: redis-server's stream beside the node's.
 *
 * `1> COMMAND` is sent by another client, which may be blocked by it; `pass N` lets N milliseconds go by on both sides.
 */

const MARK = 'end of scenario'
/** Unix milliseconds of these years. */
const NOW = /^1[789]\d{11}(?=-\d+$|$)/

let redis: RedisNode
let tap: ReplicationTap
beforeAll(async () => {
  redis = await startRedis({args: ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']})
  tap = await ReplicationTap.open(redis.port)
})
afterAll(async () => {
  tap?.close()
  await redis?.stop()
})

function parse(line: string): {readonly who: string; readonly argv: string[]} {
  const [, who = '0', command = ''] = /^(?:(\d)> )?(.*)$/.exec(line)!
  const argv = command.match(/"[^"]*"|\S+/g)!.map((word) => (word.startsWith('"') ? word.slice(1, -1) : word))
  return {argv, who}
}

/** One line each, times left out, words of commands in upper case; without the way back to what the mark is told in. */
function shown(stream: readonly (readonly string[])[]): string[] {
  const own = stream.at(-1)?.[0] === 'SELECT' ? stream.slice(0, -1) : stream
  return own.map(([name, ...words]) =>
    [
      name!.toUpperCase(),
      ...words.map((word) => word.replace(NOW, '<now>').replace(/^(left|right)$/, (end) => end.toUpperCase())),
    ].join(' '),
  )
}

async function streamOfRedis(lines: readonly string[]): Promise<string[]> {
  const connections = new Map<string, RawConnection>()
  const opened = async (who: string): Promise<RawConnection> => {
    const known = connections.get(who) ?? (await RawConnection.open(redis.port))
    connections.set(who, known)
    return known
  }
  const main = await opened('0')
  const control = await opened('control')
  let blocked = 0
  for (const line of lines) {
    const {argv, who} = parse(line)
    if (argv[0] === 'pass') {
      const until = Date.now() + Number(argv[1])
      while (Date.now() <= until) await control.call('PING')
    } else if (who === '0') {
      await main.call(...argv)
    } else {
      const connection = await opened(who)
      connection.send(encodeRequest(argv))
      blocked++
      while (!(await control.call('INFO', 'clients')).includes(`blocked_clients:${blocked}\r\n`)) {
        if ((await control.call('CLIENT', 'LIST')).includes(`cmd=${argv[0]!.toLowerCase()} `)) break
      }
    }
    blocked = Number(/blocked_clients:(\d+)/.exec(await control.call('INFO', 'clients'))![1])
  }
  await control.call('PUBLISH', MARK, '')
  const stream = await tap.takeUpTo((argv) => argv[1] === MARK)
  await control.call('FLUSHALL')
  await control.call('FUNCTION', 'FLUSH')
  await control.call('CONFIG', 'SET', 'lazyfree-lazy-expire', 'no', 'lazyfree-lazy-user-del', 'no')
  await control.call('SELECT', '9')
  await control.call('SET', 'x', '1')
  await control.call('FLUSHDB')
  await control.call('PUBLISH', MARK, '')
  await tap.takeUpTo((argv) => argv[1] === MARK)
  for (const connection of connections.values()) connection.close()
  return shown(stream)
}

function streamOfNode(lines: readonly string[]): string[] {
  const rig = new Rig('enable-debug-command yes')
  rig.nowMs = Date.now()
  const stream: string[][] = []
  let selected = 9
  rig.server.state.propagation.setReplicas({
    feed(database, argv) {
      if (database !== -1 && database !== selected) {
        stream.push(['SELECT', String(database)])
        selected = database
      }
      stream.push([...argv])
    },
  })
  const clients = new Map<string, Client>()
  for (const line of lines) {
    const {argv, who} = parse(line)
    const client = clients.get(who) ?? rig.connect()
    clients.set(who, client)
    if (argv[0] === 'pass') {
      rig.nowMs += Number(argv[1]) + 1
      continue
    }
    const bytes = Buffer.from(encodeRequest(argv), 'latin1')
    client.feed(bytes, bytes.length, rig.nowMs)
    for (const one of clients.values()) rig.turn(one)
  }
  return shown(stream)
}

describe.each(Object.entries({...SCENARIOS_OF_TYPES, ...SCENARIOS_OF_KEYS}))(
  'what goes to replicas: %s',
  (_name, scenarios) => {
    it.each(scenarios.map((text) => text.trim().split(/\n */)).map((lines) => [lines.at(-1)!, lines] as const))(
      '... %s',
      async (_last, lines) => {
        expect(streamOfNode(lines)).toEqual(await streamOfRedis(lines))
      },
    )
  },
)
