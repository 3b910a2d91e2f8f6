import {Command} from '@oclif/core'

/** Passes its words on untouched: they are redis-server's, not oclif's, so that old command lines work. */
export default class NodeStart extends Command {
  static override summary = 'Run one embedded node in the foreground.'
  static override description =
    'Takes what redis-server takes: a file in redis.conf syntax, then settings as --name value, which win over the file. ' +
    'It runs until SIGTERM, SIGINT or the command SHUTDOWN. `shoal-server` is the same program without the CLI around it.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --port 7777',
    '<%= config.bin %> <%= command.id %> node.conf --cluster-enabled yes',
  ]

  static override usage = '<%= command.id %> [CONF] [--name value ...]'
  static override strict = false

  async run(): Promise<void> {
    const {main} = await import('../../lib/node/main.js')
    await main(this.argv)
  }
}
