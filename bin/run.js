#!/usr/bin/env node
import {flush, handle, run} from '@oclif/core'

/** The not-found plugin exits 127, a shell's code for a missing program; an unknown command is wrong usage. */
const EXIT_UNKNOWN_COMMAND = 127
const EXIT_USAGE = 2

try {
  await run(process.argv.slice(2), import.meta.url)
  await flush()
} catch (error) {
  if (error?.oclif?.exit === EXIT_UNKNOWN_COMMAND) error.oclif.exit = EXIT_USAGE
  await handle(error)
}
