import {flush, handle, run} from '@oclif/core'
import {CliError} from '../kernel/errors.js'

/** The not-found plugin exits 127, a shell's code for a missing program; an unknown command is wrong usage. */
const EXIT_UNKNOWN_COMMAND = 127

type Failure = Parameters<typeof handle>[0]

/**
 * The whole of `shoal`: finds the command, runs it, and ends the process with its exit code.
 *
 * @param argv - without the program's name
 * @param root - URL of a file in the package's bin/
 */
export async function main(argv: string[], root: string): Promise<void> {
  try {
    await run(argv, root)
    await flush()
  } catch (error) {
    const failure = error as Failure & {oclif?: {exit?: number}}
    await handle(failure.oclif?.exit === EXIT_UNKNOWN_COMMAND ? asUsage(failure, argv) : failure)
  }
}

/** The plugin has said which word it did not understand; scripts get it as their one document. */
function asUsage(failure: Failure, argv: readonly string[]): Failure {
  const words = argv.filter((word) => !word.startsWith('-')).join(' ')
  const usage = new CliError('BAD_FLAG', `${JSON.stringify(words)} is not a shoal command`, {
    suggestions: ['shoal --help'],
  })
  const isJson = argv.includes('--json')
  if (isJson) process.stdout.write(`${JSON.stringify(usage.toJSON(), null, 2)}\n`)
  return Object.assign(failure, {oclif: usage.oclif, skipOclifErrorHandling: isJson})
}
