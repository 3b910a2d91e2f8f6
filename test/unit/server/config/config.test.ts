import {describe, expect, it} from 'vitest'
import {Config} from '../../../../src/lib/server/config/config.js'
import {loadConfig} from '../../../../src/lib/server/config/load.js'

function set(config: Config, ...words: string[]): string {
  const pairs: [string, string][] = []
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i]!, words[i + 1]!])
  try {
    config.set(pairs)
    return 'OK'
  } catch (error) {
    return (error as Error).message
  }
}

const get = (config: Config, name: string): string | undefined => config.get([name])[0]?.[1]

describe('CONFIG GET', () => {
  it('answers globs in any number, each name once, and a plain name as typed', () => {
    const config = new Config()
    expect(config.get(['HZ', 'hz', 'h?', 'maxmemory-s*'])).toEqual([
      ['HZ', '10'],
      ['maxmemory-samples', '5'],
    ])
    expect(config.get(['nosuch', 'nosuch*'])).toEqual([])
  })

  it('answers both spellings of a renamed setting', () => {
    expect(new Config().get(['*-priority'])).toEqual([
      ['replica-priority', '100'],
      ['slave-priority', '100'],
    ])
  })
})

describe('CONFIG SET', () => {
  it('keeps what CONFIG REWRITE can write', () => {
    const config = new Config()
    expect(set(config, 'maxmemory', `${'9'.repeat(40)}gb`)).toBe('OK')
    expect(get(config, 'maxmemory')).not.toContain('e')
    expect(set(config, 'slowlog-max-len', '9223372036854775807')).toBe('OK')
    expect(get(config, 'slowlog-max-len')).toBe('9223372036854775807')
    loadConfig(config, 'bind "*\\x00-::* "', () => [])
    expect(get(config, 'bind')).toBe('* -::*')
  })

  // Texts seen on redis-server 7.0.15.
  const refused: [words: string[], message: string][] = [
    [['foo', '1'], "Unknown option or number of arguments for CONFIG SET - 'foo'"],
    [['hz', '1', 'HZ', '2'], "CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter"],
    [['daemonize', 'no'], "CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config"],
    [['dir', '/'], "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"],
    [['activedefrag', 'x'], reason('activedefrag', "argument must be 'yes' or 'no'")],
    [['timeout', 'x'], reason('timeout', "argument couldn't be parsed into an integer")],
    [['timeout', '-1'], reason('timeout', 'argument must be between 0 and 2147483647 inclusive')],
    [
      ['slowlog-max-len', '-1'],
      reason('slowlog-max-len', 'argument must be between 0 and 9223372036854775807 inclusive'),
    ],
    [['maxmemory', '1x'], reason('maxmemory', 'argument must be a memory value')],
    [['maxmemory-clients', '200%'], reason('maxmemory-clients', 'percentage argument must be less or equal to 100')],
    [['appendfsync', 'x'], reason('appendfsync', 'argument(s) must be one of the following: everysec, always, no')],
    [['save', '900'], reason('save', 'Invalid save parameters')],
    [
      ['client-output-buffer-limit', 'foo 1 1 1'],
      reason('client-output-buffer-limit', 'Invalid client class specified in buffer limit configuration.'),
    ],
    [
      ['notify-keyspace-events', 'KQ'],
      reason('notify-keyspace-events', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
    ],
  ]
  for (const [words, message] of refused) {
    it(`refuses ${words.join(' ')}`, () => {
      const config = new Config()
      const before = config.get(['*'])
      expect(set(config, ...words)).toBe(message)
      expect(config.get(['*'])).toEqual(before)
    })
  }

  it('changes all or nothing', () => {
    const config = new Config()
    expect(set(config, 'timeout', '5', 'hz', 'x')).toBe(reason('hz', "argument couldn't be parsed into an integer"))
    expect(config.values.timeout).toBe(0)
    expect(set(config, 'timeout', '5', 'hz', '900')).toBe('OK')
    expect([config.values.timeout, config.values.hz]).toEqual([5, 500])
  })

  it('undoes everything if a listener cannot follow', () => {
    const config = new Config()
    config.onChange((changed) => (changed.has('maxclients') ? 'too many for this process' : undefined))
    expect(set(config, 'maxclients', '20000', 'timeout', '3')).toBe(reason('maxclients', 'too many for this process'))
    expect([config.values.maxclients, config.values.timeout]).toEqual([10_000, 0])
  })

  const stored: [words: string[], value: string][] = [
    [['maxmemory', '1gb'], '1073741824'],
    [['maxmemory', '1G'], '1000000000'],
    [['maxmemory-clients', '5%'], '5%'],
    [['notify-keyspace-events', 'KEAn'], 'AKE'],
    [['notify-keyspace-events', 'Kg$l'], 'g$lK'],
    [['shutdown-on-sigint', 'nosave now'], 'nosave now'],
    [['appendonly', 'YES'], 'yes'],
    [['save', ''], ''],
    [['save', '900 1 300 10'], '900 1 300 10'],
    [['client-output-buffer-limit', 'replica 1mb 2 3'], 'normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60'],
    [['latency-tracking-info-percentiles', '50 99.25'], '50 99.25'],
  ]
  for (const [words, value] of stored) {
    it(`stores ${words.join(' ')}`, () => {
      const config = new Config()
      expect(set(config, ...words)).toBe('OK')
      expect(get(config, words[0]!)).toBe(value)
    })
  }
})

function reason(name: string, why: string): string {
  return `CONFIG SET failed (possibly related to argument '${name}') - ${why}`
}
