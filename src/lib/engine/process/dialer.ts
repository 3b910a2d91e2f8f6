import {readdir, readFile, readlink} from 'node:fs/promises'
import {endianness} from 'node:os'
import {parseCommandLine} from '../process-table.js'

/** Both ends of a connection of this machine, as the one who dialed sees it. */
export interface SocketEnds {
  readonly localHost: string
  readonly localPort: number
  readonly remoteHost: string
  readonly remotePort: number
}

/**
 * Finds who dialed a connection, where its address does not tell: redis-server binds no source address for MIGRATE. Never
 * throws.
 *
 * @param nodesFolder - absolute; holds a folder per node
 * @returns the node's name; undefined if it is none of that folder
 */
export async function findDialer(nodesFolder: string, ends: SocketEnds): Promise<string | undefined> {
  try {
    const inode = inodeOf(await readFile('/proc/net/tcp', 'latin1'), ends)
    if (inode === undefined) return undefined
    for (const [name, pid] of await nodeProcesses(nodesFolder)) if (await holds(pid, `socket:[${inode}]`)) return name
  } catch {
    // It ended meanwhile.
  }
  return undefined
}

/** @param table - /proc/net/tcp: `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...` */
export function inodeOf(table: string, {localHost, localPort, remoteHost, remotePort}: SocketEnds): string | undefined {
  const wanted = ` ${hexAddress(localHost, localPort)} ${hexAddress(remoteHost, remotePort)} `
  const line = table.split('\n').find((each) => each.includes(wanted))
  return line?.trim().split(/\s+/)[9]
}

/** IPv4 as that table has it: its four bytes as a number in this machine's order. */
function hexAddress(host: string, port: number): string {
  const bytes = host.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  const number = endianness() === 'LE' ? bytes.reverse() : bytes
  return `${number.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase()
}

/** Node and pid of each; also of who only reads a node's configuration, and holds no socket of it. */
async function nodeProcesses(nodesFolder: string): Promise<[name: string, pid: string][]> {
  const found: [string, string][] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const line = parseCommandLine(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
    const [, conf] = line.split(` ${nodesFolder}/`)
    const name = /^([^/]+)\/[^/]+$/.exec(conf ?? '')?.[1]
    if (name !== undefined) found.push([name, pid])
  }
  return found
}

async function holds(pid: string, socket: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const descriptors = await readdir(folder).catch(() => [])
  const targets = await Promise.all(descriptors.map((each) => readlink(`${folder}/${each}`).catch(() => '')))
  return targets.includes(socket)
}
