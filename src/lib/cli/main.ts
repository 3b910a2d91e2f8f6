import {flush, handle, run} from '@oclif/core'

/** The not-found plugin exits 127, a shell's code for a missing program; an unknown command is wrong usage. */
const EXIT_UNKNOWN_COMMAND = 127
const EXIT_USAGE = 2

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
    const failure = error as Parameters<typeof handle>[0] & {oclif?: {exit?: number}}
    if (failure.oclif?.exit === EXIT_UNKNOWN_COMMAND) failure.oclif.exit = EXIT_USAGE
    await handle(failure)
  }
}
