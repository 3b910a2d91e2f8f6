import {describe, expect, it} from 'vitest'
import {descriptorLimit, limitClients} from '../../../src/lib/node/descriptor-limit.js'
import type {NodeLog} from '../../../src/lib/node/log.js'
import {Config, ConfigSetError} from '../../../src/lib/server/config/config.js'

function limited(maxclients: number, limit: number | undefined): {config: Config; lines: string[]} {
  const config = new Config()
  config.values.maxclients = maxclients
  const lines: string[] = []
  const log: Pick<NodeLog, 'write'> = {write: (_level, line) => lines.push(line)}
  limitClients(config, log as NodeLog, limit)
  return {config, lines}
}

describe('maxclients and the files that a process may open', () => {
  it('leaves it where there is room, or where the system does not tell', () => {
    for (const limit of [10_032, undefined]) {
      const {config, lines} = limited(10_000, limit)
      expect(config.values.maxclients).toBe(10_000)
      expect(lines).toEqual([])
    }
  })

  it('reduces it at the start, in the words of redis-server', () => {
    const {config, lines} = limited(10_000, 100)
    expect(config.values.maxclients).toBe(68)
    expect(lines).toEqual([
      'You requested maxclients of 10000 requiring at least 10032 max file descriptors.',
      "Server can't set maximum open files to 10032 because of OS error: Operation not permitted.",
      "Current maximum open files is 100. maxclients has been reduced to 68 to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
    ])
  })

  it('refuses more later on, and what fits not', () => {
    const {config} = limited(10_000, 100)
    const refusal = 'The operating system is not able to handle the specified number of clients, try with 68'
    expect(() => config.set([['maxclients', '5000']])).toThrow(ConfigSetError)
    expect(() => config.set([['maxclients', '5000']])).toThrow(refusal)
    expect(config.values.maxclients).toBe(68)
    config.set([['maxclients', '50']])
    expect(config.values.maxclients).toBe(50)
  })

  it('does not start without room for one', () => {
    expect(() => limited(10_000, 32)).toThrow(
      "Your current 'ulimit -n' of 32 is not enough for the server to start. Please increase your open file limit to at least 10032. Exiting.",
    )
  })

  it.runIf(process.platform === 'linux')('asks the system', () => {
    expect(descriptorLimit()).toBeGreaterThan(32)
  })
})
