import {setMaxListeners} from 'node:events'
import {Config, flush, handle, run} from '@oclif/core'
import {errorDocument} from './error-document.js'
import {askYesNo, hasTerminal} from './prompts.js'
import {renderError} from './render/error.js'
import {styleOf, wantsColor} from './render/style.js'
import {explainUnknown} from './unknown-command.js'

type Failure = Parameters<typeof handle>[0]

/** As oclif words it, for a command to run and for one to explain. */
const UNKNOWN_COMMAND = /^command .* not found\.?$/is

/**
 * The whole of `shoal`: finds the command, runs it, and ends the process with its exit code. Who mistypes a command is
 * asked on a terminal whether the nearest one was meant; elsewhere it is named in the error.
 *
 * @param argv - without the program's name
 * @param root - URL of a file in the package's bin/
 */
export async function main(argv: string[], root: string): Promise<void> {
  // Many nodes are waited for at a time, and each ends at Ctrl-C: no leak that Node.js need warn of on stderr.
  setMaxListeners(0)
  process.stderr.on('error', onStderrError)
  // What is written to a reader that left never drains, and Node ends a program that waits for nothing with 13.
  const unread = new Promise((resolve) => process.stdout.once('error', resolve))
  try {
    await runToEnd(argv, root).catch(async (error: unknown) => {
      if (!(error instanceof Error && UNKNOWN_COMMAND.test(error.message))) throw error
      await runToEnd(await correct(argv, root), root)
    })
    await Promise.race([flush(), unread])
  } catch (error) {
    await handle(isExit(error) ? (error as Failure) : printed(error, argv))
  }
}

async function runToEnd(argv: string[], root: string): Promise<void> {
  await run(argv, root)
  if (argv[0] === 'autocomplete') {
    const {improveCompletion} = await import('./completion.js')
    await improveCompletion(await Config.load(root))
  }
}

/** @returns the command line that was meant. @throws {CliError} BAD_FLAG; a prompt's own error on Ctrl-C */
async function correct(argv: string[], root: string): Promise<string[]> {
  const {commands, topics} = await Config.load(root)
  const {corrected, error} = explainUnknown(argv, {
    commands: commands.filter(({hidden}) => !hidden).map(({id}) => id.replaceAll(':', ' ')),
    topics: topics.filter(({hidden}) => !hidden).map(({name}) => name.replaceAll(':', ' ')),
  })
  if (!corrected || argv.includes('--json') || !hasTerminal()) throw error
  if (!(await askYesNo(error.message, new AbortController().signal))) throw error
  return [...corrected]
}

/** Whoever reads along may leave, as head does: a job goes on all the same. oclif does so for stdout. */
function onStderrError(error: Error & {code?: string}): void {
  if (error.code !== 'EPIPE') throw error
}

/** A command of ours has said all there is to say; help, for one, ends so too. */
function isExit(error: unknown): boolean {
  return (error as {code?: unknown}).code === 'EEXIT'
}

/**
 * Prints what no command of ours has caught: there is no such command, or one of oclif's own failed.
 *
 * @returns an error for its exit code alone
 */
function printed(error: unknown, argv: readonly string[]): Failure {
  const document = errorDocument(error, argv.find((word) => !word.startsWith('-')) ?? '')
  if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  else process.stderr.write(`${renderError(document, styleOf(wantsColor(process.stderr, process.env, false)))}\n`)
  if (document.error.code === 'BUG' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return Object.assign(new Error(document.error.message), {
    oclif: {exit: document.error.exitCode},
    skipOclifErrorHandling: true,
  })
}
