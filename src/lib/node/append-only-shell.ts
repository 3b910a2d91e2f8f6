import {accessSync, constants, mkdirSync} from 'node:fs'
import type {AppendOnlyEffects} from '../server/persistence/append-only-effects.js'
import type {Server} from '../server/server.js'
import type {AppendOnlyFile} from './aof/append-only-file.js'
import {pathInDir, systemMessage} from './config-file.js'
import type {OutputGate} from './output-gate.js'

/** The append-only file of a node, whose code is loaded when there is to be one. */
export class AppendOnlyShell implements AppendOnlyEffects {
  private file: AppendOnlyFile | undefined
  private loading: Promise<AppendOnlyFile> | undefined

  constructor(
    private readonly server: Server,
    private readonly gate: OutputGate,
    private readonly onFatal: (reason: string) => void,
  ) {}

  async load(): Promise<AppendOnlyFile> {
    this.loading ??= import('./aof/append-only-file.js').then(({AppendOnlyFile}) => {
      this.file = new AppendOnlyFile(this.server, this.gate, this.onFatal)
      return this.file
    })
    return await this.loading
  }

  /** Now, or as soon as it is loaded; calls keep their order. */
  private use(run: (file: AppendOnlyFile) => void): void {
    if (this.file !== undefined) run(this.file)
    else void this.load().then(run)
  }

  /** Nothing is gathered before it is loaded. */
  appendSoon(): void {
    this.file?.appendSoon()
  }

  appendLate(nowMs: number): void {
    this.file?.cron(nowMs)
  }

  rewriteAppendOnly(): void {
    this.use((file) => file.rewrite())
  }

  stopAppending(): void {
    this.use((file) => file.stop())
  }

  appendFolderError(): string | undefined {
    const {config} = this.server
    const name = config.values.appenddirname
    try {
      const path = pathInDir(config, name)
      mkdirSync(path, {recursive: true})
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
      return undefined
    } catch (error) {
      return `Can't open or create append-only dir ${name}: ${systemMessage(error)}`
    }
  }

  reloadAppendOnly(): string | undefined {
    return this.file?.reload()
  }

  /** Writes what has been gathered and makes it durable. @returns whether that succeeded */
  flush(): boolean {
    return this.file?.flush() ?? true
  }

  /** The last of it; resolves when no file is touched any more. */
  async close(): Promise<void> {
    const file = this.file ?? (await this.loading)
    file?.stop()
    await file?.settled
  }
}
