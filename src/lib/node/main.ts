import {readFileSync} from 'node:fs'
import {messageOf} from '../kernel/errors.js'
import {FatalConfigError} from '../server/config/load.js'
import {parseServerArguments} from '../server/config/syntax.js'
import {REDIS_VERSION} from '../server/server.js'
import {pathInDir, readConfiguration} from './config-file.js'
import {NodeLog} from './log.js'
import {Node, StartError} from './start-node.js'
import {boundYoungGeneration, tuneCollections} from './young-generation.js'

/** `shoal-server`: one embedded node in the foreground, started as redis-server is. Nothing here is loaded that can wait. */

const HELP = `Usage: shoal-server [CONF] [--name value ...] [-]
       shoal-server -v | --version
       shoal-server -h | --help

CONF is a file in redis.conf syntax; --name value sets the same settings and wins over the file; - reads more from stdin.

Examples:
       shoal-server
       shoal-server /etc/redis/6379.conf
       shoal-server --port 7777 --cluster-enabled yes
`

const STDIN = 0

/** Runs until the node stops, then ends the process: 0 after a shutdown, 1 if it could not start. */
export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === '-v' || argv[0] === '--version') {
    print(`Shoal server v=0.1.0 redis=${REDIS_VERSION} bits=64\n`)
    return
  }
  if (argv[0] === '-h' || argv[0] === '--help') {
    print(HELP)
    return
  }
  tuneCollections()
  process.exitCode = await run(argv)
}

function print(text: string): void {
  process.stdout.write(text)
}

async function run(argv: readonly string[]): Promise<number> {
  let node: Node
  let stopped: Promise<void>
  try {
    const given = parseServerArguments(argv)
    const config = readConfiguration(given, given.readsStdin ? readFileSync(STDIN, 'latin1') : '')
    const {logfile, loglevel} = config.values
    const log = new NodeLog({
      file: logfile === '' ? '' : pathInDir(config, logfile),
      level: loglevel,
      pid: process.pid,
    })
    log.check()
    log.write('warning', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo')
    log.write(
      'warning',
      `Redis version=${REDIS_VERSION}, bits=64, commit=00000000, modified=0, pid=${process.pid}, just started`,
    )
    if (config.fileName === undefined && given.options === '') {
      log.write('warning', 'Warning: no config file specified, using the default config.')
    } else log.write('warning', 'Configuration loaded')
    node = new Node(config, log, true)
    stopped = node.stopped
    stopOnSignals(node)
    log.write('notice', `Running mode=${node.server.isCluster ? 'cluster' : 'standalone'}, port=${config.values.port}.`)
    await node.start()
    boundYoungGeneration()
  } catch (error) {
    if (error instanceof StartError) return 1
    process.stderr.write(error instanceof FatalConfigError ? `\n${error.message}\n` : `${messageOf(error)}\n`)
    return 1
  }
  await stopped
  // Sockets of peers that do not close must not keep the process.
  process.exit(node.hasFailed ? 1 : 0)
}

/** Before the start, so that there is no moment at which a signal ends the process with its files left behind. */
function stopOnSignals(node: Node): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      node.log.write('warning', `Received ${signal} scheduling shutdown...`)
      node.log.write('warning', 'User requested shutdown...')
      void node.shutdown()
    })
  }
  process.on('SIGHUP', () => node.log.write('warning', 'Received SIGHUP, ignored.'))
}
