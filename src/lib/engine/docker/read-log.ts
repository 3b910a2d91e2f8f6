import type {LogOptions} from '../engine.js'
import type {DockerCli} from './docker-cli.js'

/** Lines that a container printed, oldest first; none if there is no such container. */
export async function* readDockerLog(
  cli: DockerCli,
  container: string,
  {follow, lines}: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (signal.aborted) return
  const tail = lines === undefined ? [] : ['--tail', String(lines)]
  const {execa} = await import('execa')
  const child = execa(cli.file, ['logs', ...(follow ? ['--follow'] : []), ...tail, container], {
    all: true,
    buffer: false,
    cancelSignal: signal,
    env: {LC_ALL: 'C'},
    reject: false,
    stdin: 'ignore',
  })
  for await (const line of child.iterable({from: 'all'})) {
    if (!/^Error(?: response from daemon)?: .*No such container/.test(line)) yield line
  }
}
