import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {human} from '../../../../src/lib/server/info/facts.js'
import {RateSampler} from '../../../../src/lib/server/info/rate-sampler.js'
import {SlowLog} from '../../../../src/lib/server/info/slow-log.js'
import {REDIS_VERSION, SHOAL_VERSION} from '../../../../src/lib/server/info/version.js'
import {REDIS_VERSION as SERVER_REDIS_VERSION} from '../../../../src/lib/server/server.js'
import {AdminHarness} from '../commands-server/harness.js'

const titles = (text: string): string[] => [...text.matchAll(/^# (\w+)/gm)].map((match) => match[1]!)

describe('INFO', () => {
  const node = new AdminHarness()
  const client = node.connect()
  const info = (sections = ''): string => String(node.call(client, `INFO${sections && ` ${sections}`}`))

  it('shows the default sections, all of them, or those asked for in any case and number', () => {
    expect(titles(info())).toEqual([
      'Server',
      'Clients',
      'Memory',
      'Persistence',
      'Stats',
      'Replication',
      'CPU',
      'Modules',
      'Errorstats',
      'Cluster',
      'Keyspace',
    ])
    expect(titles(info('everything'))).toContain('Commandstats')
    expect(titles(info('KEYSPACE server nosuch'))).toEqual(['Server', 'Keyspace'])
    expect(titles(info('default commandstats'))).toContain('Commandstats')
    expect(info('nosuch')).toBe('')
  })

  it('is made of lines `name:value`, sections parted by an empty line', () => {
    const lines = info('everything').split('\r\n')
    expect(lines.filter((line) => !/^(?:# \w+|[\w|-]+:.*|)$/.test(line))).toEqual([])
    expect(info('cluster keyspace')).toBe('# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n')
  })

  it('counts keys, deadlines, commands and errors', () => {
    node.call(client, 'SET a 1')
    node.call(client, 'SET b 1 PX 5000')
    node.call(client, 'INCR nosuch x')
    node.call(client, 'NOSUCH')
    expect(info('keyspace')).toContain('db0:keys=2,expires=1,avg_ttl=5000\r\n')
    expect(info('commandstats')).toContain('cmdstat_set:calls=2,')
    expect(info('commandstats')).toContain('rejected_calls=1,failed_calls=0\r\n')
    expect(info('errorstats')).toContain('errorstat_ERR:count=2\r\n')
  })

  it('says which Redis it behaves like, and which Shoal it is', () => {
    const {version} = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8'))
    expect(SHOAL_VERSION).toBe(version)
    expect(SERVER_REDIS_VERSION).toBe(REDIS_VERSION)
    expect(info('server')).toContain(`redis_version:${REDIS_VERSION}\r\nshoal_version:${version}\r\n`)
  })
})

describe('human sizes', () => {
  const table: [bytes: number, text: string][] = [
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [1237232, '1.18M'],
    [25276514304, '23.54G'],
  ]
  for (const [bytes, text] of table) it(text, () => expect(human(bytes)).toBe(text))
})

describe('rates', () => {
  it('are means per second, and zero without two samples', () => {
    const sampler = new RateSampler()
    const at = (atMs: number, commands: number): number => {
      sampler.sample({commands, inputBytes: commands * 1024, outputBytes: commands * 2048}, atMs)
      return sampler.rates().opsPerSecond
    }
    expect(at(0, 0)).toBe(0)
    expect(at(50, 1000)).toBe(0)
    expect(at(500, 50)).toBe(100)
    expect(sampler.rates()).toEqual({inputKbps: 100, opsPerSecond: 100, outputKbps: 200})
    expect(at(10_500, 1050)).toBe(100)
    expect(at(20_500, 1060)).toBe(1)
    expect(at(20_600, 0)).toBe(0)
  })
})

describe('slow log', () => {
  it('keeps the newest, cut to size', () => {
    const log = new SlowLog()
    const slow = {address: 'a:1', at: 1, durationUs: 5, name: ''}
    log.record({...slow, argv: ['SET', 'a', 'x'.repeat(200)]}, 2)
    log.record({...slow, argv: Array.from({length: 40}, (_, i) => String(i))}, 2)
    log.record({...slow, argv: ['PING']}, 2)
    expect(log.newest(-1).map(({id}) => id)).toEqual([2, 1])
    expect(log.newest(10)[1]!.argv.slice(-2)).toEqual(['30', '... (9 more arguments)'])
    log.clear()
    log.record({...slow, argv: ['GET', 'x'.repeat(200)]}, 2)
    expect(log.newest(1)[0]!.argv[1]).toBe(`${'x'.repeat(128)}... (72 more bytes)`)
    expect(log.newest(1)[0]!.id).toBe(3)
  })
})
