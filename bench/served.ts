import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {makeFolder, start, stop, untilPong} from './processes.js'

/** One server of either kind, under the same settings, without persistence if they do not say otherwise. */

const SHOAL_SERVER = join(import.meta.dirname, '..', 'bin', 'server.js')

export const KINDS = ['redis-server', 'shoal-server'] as const
export type Kind = (typeof KINDS)[number]

export interface Served {
  readonly kind: Kind
  readonly port: number
  stop(): Promise<void>
  rssKb(): number
}

export function commandOf(
  kind: Kind,
  port: number,
  more: readonly string[] = [],
): readonly [string, readonly string[]] {
  const base = ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', makeFolder()]
  return kind === 'redis-server'
    ? ['redis-server', [...base, ...more]]
    : [process.execPath, [SHOAL_SERVER, ...base, ...more]]
}

/** Resolves once it answers. @param more - settings as arguments */
export async function serve(kind: Kind, port: number, more: readonly string[] = []): Promise<Served> {
  const child = start(...commandOf(kind, port, more))
  await untilPong(port)
  return {
    kind,
    port,
    rssKb: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString()),
    stop: () => stop(child),
  }
}
