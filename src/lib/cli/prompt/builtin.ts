import {join} from 'node:path'
import {interrupted} from '../../client/abort.js'
import type {Address} from '../../model/address.js'
import {hasTerminal} from '../prompts.js'
import {HistoryFile} from './history-file.js'
import {parsePromptOptions} from './options.js'
import {promptOnTerminal, runOne, runPiped} from './repl.js'

const CONNECT_TIMEOUT_MS = 5000

export interface BuiltinRequest {
  readonly address: Address
  readonly isCluster: boolean
  readonly password: string | undefined
  /** Options and command, as redis-cli takes them. */
  readonly words: readonly string[]
  readonly stateFolder: string
}

/**
 * What redis-cli does, without it: a prompt on a terminal, one command, or the lines that are piped in.
 *
 * @returns the exit code: with `-e` 1 after an error reply, else 0
 * @throws {CliError} BAD_FLAG, UNREACHABLE, TIMED_OUT, INTERRUPTED
 */
export async function runBuiltin(request: BuiltinRequest, signal: AbortSignal): Promise<number> {
  const {address, isCluster, password, stateFolder, words} = request
  const {argv, db, failsOnError, isRaw = process.stdout.isTTY !== true, isResp3} = parsePromptOptions(words)
  const reached = {address, isCluster, timeoutMs: CONNECT_TIMEOUT_MS, ...(password !== undefined && {password})}
  const settings = {...reached, db, isRaw, isResp3}
  if (argv.length === 0 && hasTerminal()) {
    await promptOnTerminal(settings, new HistoryFile(join(stateFolder, 'cli-history')))
    return 0
  }
  const hasFailed = argv.length > 0 ? await runOne(settings, argv, signal) : await runPiped(settings, signal)
  if (signal.aborted) throw interrupted()
  return failsOnError && hasFailed ? 1 : 0
}
