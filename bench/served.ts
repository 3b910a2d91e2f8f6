import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {makeFolder, start, stop, untilPong} from './processes.js'

/** One server of either kind, without persistence, under the same settings. */

const SHOAL_SERVER = join(import.meta.dirname, '..', 'bin', 'server.js')

export const KINDS = ['redis-server', 'shoal-server'] as const
export type Kind = (typeof KINDS)[number]

export interface Served {
  readonly kind: Kind
  readonly port: number
  stop(): Promise<void>
  rssKb(): number
}

export function commandOf(kind: Kind, port: number): readonly [string, readonly string[]] {
  const settings = ['--port', String(port), '--save', '', '--dir', makeFolder()]
  return kind === 'redis-server'
    ? ['redis-server', [...settings, '--appendonly', 'no']]
    : [process.execPath, [SHOAL_SERVER, ...settings]]
}

/** Resolves once it answers. */
export async function serve(kind: Kind, port: number): Promise<Served> {
  const child = start(...commandOf(kind, port))
  await untilPong(port)
  return {
    kind,
    port,
    rssKb: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString()),
    stop: () => stop(child),
  }
}
