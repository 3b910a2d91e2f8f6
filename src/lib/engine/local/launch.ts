import {type ChildProcess, spawn} from 'node:child_process'
import {chmod, open, rename, writeFile} from 'node:fs/promises'
import {CliError} from '../../kernel/errors.js'
import type {NodeSpec} from '../engine.js'
import {takenPorts} from '../ports.js'

/** Secrets and debugging of the CLI's own process are not the business of what it starts. */
const NOT_INHERITED = ['SHOAL_PASSWORD', 'REDISCLI_AUTH', 'NODE_OPTIONS', 'NODE_CHANNEL_FD']

/**
 * Starts a process that survives this one. A program that cannot be started gives a child without pid.
 *
 * @param log - path of the file that takes what it prints
 */
export async function launchDetached(
  file: string,
  args: readonly string[],
  {cwd, log}: {readonly cwd: string; readonly log: string},
): Promise<ChildProcess> {
  const output = await open(log, 'a', 0o600)
  try {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name)))
    const child = spawn(file, args, {
      cwd,
      // Its own session: the terminal's Ctrl-C is not for it.
      detached: true,
      env,
      stdio: ['ignore', output.fd, output.fd],
    })
    child.on('error', () => undefined)
    child.unref()
    return child
  } finally {
    await output.close()
  }
}

export function hasEnded({exitCode, pid, signalCode}: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

/** Resolves when it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const gone = new Promise<void>((fulfil) => child.once('exit', () => fulfil()))
  child.ref()
  child.kill('SIGKILL')
  await gone
}

/** Written aside and renamed, so that no reader sees half of it and nobody else ever sees the secret. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text, {mode: 0o600})
  await chmod(draft, 0o600)
  await rename(draft, path)
}

/** @throws {CliError} PORT_IN_USE */
export async function requireFreePorts({address, busPort, name}: NodeSpec): Promise<void> {
  const [port] = await takenPorts(address.host, [address.port, busPort])
  if (port === undefined) return
  const role = port === busPort ? 'bus port' : 'port'
  throw new CliError('PORT_IN_USE', `${role} ${port} of node ${name} is taken by another process`, {
    details: {node: name, port},
    suggestions: ['Choose other ports with --base-port PORT.'],
  })
}

/** @throws {CliError} INTERRUPTED */
export function requireNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
}
