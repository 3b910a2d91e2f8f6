import {SERVER_MONITORED} from '../../server.js'
import type {Command, CommandContext} from '../command.js'

/** Shows the command to monitors before it runs, and so before what its script does; others are shown afterwards. */
export function shownFirst(run: NonNullable<Command['run']>): NonNullable<Command['run']> {
  return (context: CommandContext, argv: string[]) => {
    const {client, server} = context
    if ((server.special & SERVER_MONITORED) !== 0) {
      server.monitors.show(client, client.lastCommand!, argv, server.effects.unixUs())
    }
    run(context, argv)
  }
}
