import {readFileSync} from 'node:fs'
import type {Config} from '../server/config/config.js'
import type {NodeLog} from './log.js'

/** What a node needs besides its clients: listeners, files, connections of its own. As many as redis-server keeps back. */
const RESERVED = 32

/** How many files the process may have open; undefined where the system does not tell. Node.js has raised it as far as it may. */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return line === null ? undefined : Number(line[1])
  } catch {
    return undefined
  }
}

/**
 * Keeps maxclients within what the system allows, in redis-server's words: at the start it is reduced, and later a greater
 * one is refused.
 *
 * @throws Error if there is no room for a single client
 */
export function limitClients(config: Config, log: NodeLog, limit = descriptorLimit()): void {
  if (limit === undefined) return
  const clientsMax = limit - RESERVED
  const {maxclients} = config.values
  if (maxclients > clientsMax) {
    const wanted = maxclients + RESERVED
    if (clientsMax < 1) {
      const advice = `Please increase your open file limit to at least ${wanted}. Exiting.`
      throw new Error(`Your current 'ulimit -n' of ${limit} is not enough for the server to start. ${advice}`)
    }
    for (const line of complaints(maxclients, limit)) log.write('warning', line)
    config.values.maxclients = clientsMax
  }
  config.onChange((changed) => {
    if (!changed.has('maxclients') || config.values.maxclients <= clientsMax) return undefined
    for (const line of complaints(config.values.maxclients, limit)) log.write('warning', line)
    return `The operating system is not able to handle the specified number of clients, try with ${clientsMax}`
  })
}

function complaints(maxclients: number, limit: number): string[] {
  const wanted = maxclients + RESERVED
  return [
    `You requested maxclients of ${maxclients} requiring at least ${wanted} max file descriptors.`,
    `Server can't set maximum open files to ${wanted} because of OS error: Operation not permitted.`,
    `Current maximum open files is ${limit}. maxclients has been reduced to ${limit - RESERVED} to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.`,
  ]
}
