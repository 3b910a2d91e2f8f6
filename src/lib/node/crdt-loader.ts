import {existsSync} from 'node:fs'
import {messageOf} from '../kernel/errors.js'
import type {CrdtShell, LeftDatabase} from '../server/crdt/peers/effects.js'
import type {Server} from '../server/server.js'
import {pathInDir} from './config-file.js'
import type {CrdtInstance} from './crdt/instance.js'
import type {Dial} from './dial.js'

/** In the node's `dir`: which active-active database it is a part of. */
const CRDT_CONF = 'crdt.conf'

/** A node's part in an active-active database, whose code is loaded when there is to be one. */
export class CrdtLoader {
  private instance: CrdtInstance | undefined
  private loading: Promise<CrdtInstance> | undefined
  private isInCluster = false
  private isClosed = false

  constructor(
    private readonly server: Server,
    private readonly dials: {readonly dial: Dial; readonly dialSecurely: Dial},
  ) {}

  get left(): LeftDatabase | undefined {
    return this.instance?.left
  }

  private async load(): Promise<CrdtInstance> {
    this.loading ??= import('./crdt/instance.js').then(({CrdtInstance}) => {
      this.instance = new CrdtInstance(this.server, this.dials)
      if (this.isInCluster) this.instance.start()
      return this.instance
    })
    return await this.loading
  }

  /** At the start, before data are loaded. @throws if it is an instance and cannot be one */
  async open(): Promise<void> {
    const {config} = this.server
    if (config.values.clusterEnabled && existsSync(pathInDir(config, CRDT_CONF))) (await this.load()).load()
  }

  /** The node is in its cluster, and its data are loaded. */
  start(): void {
    this.isInCluster = true
    this.instance?.start()
  }

  use(run: (shell: CrdtShell) => void, done: (error?: string) => void): void {
    this.load()
      .then((instance) => {
        if (this.isClosed) throw new Error('the node is being stopped')
        run(instance)
      })
      .then(
        () => done(),
        (error: unknown) => done(messageOf(error)),
      )
  }

  close(): void {
    this.isClosed = true
    this.instance?.close()
  }
}
