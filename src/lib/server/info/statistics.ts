import type {Command} from '../commands/command.js'
import type {Server} from '../server.js'

/** Every command and subcommand, each once. The table itself lists commands in lower and in upper case. */
export function* everyCommand(table: ReadonlyMap<string, Command>): Generator<Command> {
  for (const command of topCommands(table)) {
    yield command
    if (command.subcommands !== undefined) yield* command.subcommands.values()
  }
}

/** Every command without subcommands, each once. */
export function* topCommands(table: ReadonlyMap<string, Command>): Generator<Command> {
  for (const [name, command] of table) if (name === command.name) yield command
}

/** CONFIG RESETSTAT: every counter that INFO shows and that only grows. */
export function resetStatistics(server: Server): void {
  for (const command of everyCommand(server.commands)) {
    command.calls = 0
    command.usec = 0
    command.rejectedCalls = 0
    command.failedCalls = 0
  }
  Object.assign(server.stats, {
    commands: 0,
    connections: 0,
    errorReplies: 0,
    expiryCapsReached: 0,
    expiryMs: 0,
    inputBytes: 0,
    outputBytes: 0,
    reads: 0,
    rejectedConnections: 0,
    writes: 0,
  } satisfies typeof server.stats)
  server.errorCounts.clear()
  server.state.hits = 0
  server.state.misses = 0
  server.state.expiredKeys = 0
  server.state.evictedKeys = 0
}
