import type {ShutdownOptions} from '../server/effects.js'
import type {Server} from '../server/server.js'

const POLL_MS = 20
/** Nobody waits that long. */
const FOR_EVER = Number.MAX_SAFE_INTEGER

/**
 * What has to be done before a node may end: replicas have all there is, and the data are saved if the configuration or
 * the operator says so. Writes wait meanwhile, so that nothing is acknowledged that is not in the file.
 */
export class GracefulShutdown {
  private isAborted = false
  private isFinal = false

  constructor(
    private readonly server: Server,
    private readonly options: ShutdownOptions,
  ) {}

  /** @returns whether it was not too late */
  abort(): boolean {
    if (this.isFinal) return false
    this.isAborted = true
    return true
  }

  /** @returns the reason why the node must go on; undefined: it may end */
  async prepare(): Promise<string | undefined> {
    const {options, server} = this
    const pausedBefore = server.pausedUntilMs
    server.pause(FOR_EVER, true)
    if (!options.now) await this.waitForReplicas()
    if (this.isAborted) return this.goOn(pausedBefore, 'ERR Errors trying to SHUTDOWN. Check logs.')
    this.isFinal = true
    // The file has to end where the stream does, or replicas could not go on with it: no PING, nothing expires any more.
    server.pauseForFailover(FOR_EVER)
    const saves = options.save || (!options.noSave && server.config.values.save.length > 0 && !server.isLoading)
    if (!saves) return undefined
    server.effects.log('notice', 'Saving the final RDB snapshot before exiting.')
    const error = await new Promise<string | undefined>((resolve) => server.saving.start(resolve))
    if (error === undefined) {
      server.effects.log('notice', 'DB saved on disk')
      return undefined
    }
    server.effects.log('warning', "Error trying to save the DB, can't exit.")
    return options.force ? undefined : this.goOn(pausedBefore, 'ERR Errors trying to SHUTDOWN. Check logs.')
  }

  private goOn(pausedUntilMs: number, reason: string): string {
    const {server} = this
    this.isFinal = false
    server.endFailoverPause()
    server.unpause()
    if (pausedUntilMs > server.effects.nowMs()) server.pause(pausedUntilMs, server.pausesWritesOnly)
    return reason
  }

  /** Up to `shutdown-timeout` seconds. */
  private async waitForReplicas(): Promise<void> {
    const {config, effects, replication} = this.server
    const untilMs = effects.nowMs() + config.values.shutdownTimeout * 1000
    const {offset, replicas} = replication
    const lag = (): boolean => {
      const online = [...replicas.attached.values()].filter(({state}) => state === 'online')
      return online.some(({ackOffset}) => ackOffset < offset)
    }
    if (lag()) replicas.askForAck()
    while (lag() && !this.isAborted && effects.nowMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
