/** Bits of who takes a command. */
export const TO_AOF = 1
export const TO_REPLICAS = 2
export const TO_ALL = TO_AOF | TO_REPLICAS

/** Takes the stream of changes: the append-only file, or the backlog with the replicas. */
export interface PropagationSink {
  /** @param database - in which it is to run; -1: that does not matter @param argv - binary strings */
  feed(database: number, argv: readonly string[]): void
}

/** One to which commands with one argument may come as one command with many, if each says all there is to it. */
export interface RunSink extends PropagationSink {
  /** @param argument - binary string */
  feedArgument(name: string, argument: string): void
  /** @param argument - good until this returns */
  feedBytes(name: string, argument: BytesArgument): void
}

export interface BytesArgument {
  /** Of which the first `length` are the argument. */
  readonly room: Uint8Array
  readonly length: number
  text(): string
}

/** Takes changes as commands, whoever they are for: slots on their way to another node. */
export interface ExportSink {
  take(argv: readonly string[]): void
}

export interface Item {
  readonly database: number
  readonly argv: readonly string[]
  readonly to: number
}

/** Takes changes in place of everybody else, command by command: an active-active database, which sends what it makes of them. */
export interface ChangeCapture {
  /** A command that may change data is over, without an error. What goes out of it is taken next. @param name - `xgroup|create` */
  ran(name: string, argv: readonly string[]): void
  /** The command under way takes these members out of a sorted set, which do not follow from its arguments. */
  tookOut(members: readonly string[]): void
  /** What goes out of one command, in order, the moment that command is over. If that fails, `Propagation.failed` is told. */
  take(items: readonly Item[]): void
  /** `take` of a command that goes out as it came, and nothing beside it. */
  takeOne(database: number, argv: readonly string[], to: number): void
  /** What commands did to their keys before they failed is undone. */
  putBack(commands: readonly (readonly string[])[]): void
  /** A key ran out or was evicted; a command under way may make it anew. */
  dropped(key: string): void
  /** The unit is over. @param mayContinue - what follows may go out with it, as one: `settle` comes later */
  close(mayContinue: boolean): void
  /** What units have left for those that follow goes out. */
  settle(): void
}

const MULTI: readonly string[] = ['MULTI']
const EXEC: readonly string[] = ['EXEC']

/**
 * Turns what commands change into commands that make the same change elsewhere, whenever and by whatever clock they run
 * (wire.md 2.6).
 *
 * A unit is one command of a client with all that it brings about: the commands of a transaction or script, deletions of
 * expired keys it came upon. It goes out when it is over, between MULTI and EXEC if there is more than one command in it. A
 * command that changed something goes out as it came, unless it said what goes out `instead`.
 */
export class Propagation {
  /** Anybody takes anything: nothing needs to be gathered otherwise. */
  isOn = false
  /** There is a replica, an append-only file, or slots are on their way to another node. */
  isStreamed = false
  /** OR of TO_...: what commands are for, while a script says so (redis.set_repl). */
  targets = TO_ALL

  /** Nothing goes out: what runs comes from where it would go. */
  private isSuspended = false
  private aof: RunSink | undefined = undefined
  private replicas: PropagationSink | undefined = undefined
  private exports: ExportSink | undefined = undefined
  /** Undefined outside of active-active databases. */
  capture: ChangeCapture | undefined = undefined
  /** Units and commands under way, each within the one before. */
  private depth = 0
  private items: Item[] = []
  /** The command under way does not go out itself. */
  private isReplaced = false
  /** What the command under way changed was undone, for a reason of ours: its client is to know. */
  hasFailed = false
  /** Commands that one client sent together are being run: nobody hears of any of them before all are over. */
  private isPipeline = false

  /** @param sink - undefined: none any more */
  setAof(sink: RunSink | undefined): void {
    this.aof = sink
    this.refresh()
  }

  setReplicas(sink: PropagationSink | undefined): void {
    this.replicas = sink
    this.refresh()
  }

  /** What comes until `goOn` does not go out. */
  suspend(): void {
    this.isSuspended = true
    this.refresh()
  }

  goOn(): void {
    this.isSuspended = false
    this.refresh()
  }

  setExports(sink: ExportSink | undefined): void {
    this.exports = sink
    this.refresh()
  }

  setCapture(capture: ChangeCapture | undefined): void {
    this.capture = capture
    this.refresh()
  }

  private refresh(): void {
    this.isStreamed = this.aof !== undefined || this.replicas !== undefined || this.exports !== undefined
    this.isOn = !this.isSuspended && (this.isStreamed || this.capture !== undefined)
  }

  /** Some of what is in the data has yet to go out: a script that takes long is paused. */
  get isInUnit(): boolean {
    return this.depth > 0
  }

  /** Commands that one client sent together follow, and nothing else between them. */
  beginPipeline(): void {
    this.isPipeline = this.capture !== undefined
  }

  /** They are over: what they changed goes out, if it has not yet. A script that is paused goes on later. */
  endPipeline(): void {
    if (!this.isPipeline) return
    this.settle()
    this.isPipeline = false
  }

  private settle(): void {
    if (this.isPipeline && this.depth === 0) this.capture?.settle()
  }

  /** Replicas count what each unit adds to their stream, and so do those that take slots. */
  private get mayContinue(): boolean {
    return this.isPipeline && this.replicas === undefined && this.exports === undefined
  }

  /** A unit begins, or a part of the one under way. */
  open(): void {
    this.depth++
  }

  /** Sends the unit if it was the outermost one. */
  close(): void {
    if (--this.depth === 0 && (this.items.length > 0 || this.capture !== undefined)) this.send()
  }

  /** A command begins. @param isWrite - others may tell of what has gone out, or take long @returns what `end` takes */
  begin(isWrite: boolean): boolean {
    const {isReplaced} = this
    if (!isWrite) this.settle()
    if (this.capture !== undefined && this.items.length > 0) this.hand(this.capture)
    this.isReplaced = false
    this.depth++
    return isReplaced
  }

  /** It is over. @param wasReplaced - what `begin` returned @param isChange - it changed something */
  end(wasReplaced: boolean, database: number, argv: readonly string[], isChange: boolean): void {
    const {capture, items} = this
    const goesOut = isChange && !this.isReplaced
    if (capture !== undefined) {
      if (goesOut && items.length === 0) capture.takeOne(database, argv, this.targets)
      else {
        if (goesOut) items.push({argv, database, to: this.targets})
        this.hand(capture)
      }
    } else if (goesOut) {
      // Nearly every unit is one command.
      if (this.depth === 1 && items.length === 0) this.sendOne(database, argv)
      else items.push({argv, database, to: this.targets})
    }
    this.isReplaced = wasReplaced
    this.close()
  }

  /** The capture could not take what the command under way did. */
  failed(): void {
    this.hasFailed = this.depth > 0
  }

  /** The command under way failed for a reason of ours, and may have changed something. */
  abandon(argv: readonly string[]): void {
    if (this.capture === undefined) return
    this.items = []
    this.isReplaced = true
    this.capture.putBack([argv])
  }

  /** What goes out in place of the command under way; nothing without arguments. */
  instead(database: number, ...commands: readonly (readonly string[])[]): void {
    if (!this.isOn) return
    this.isReplaced = true
    for (const argv of commands) this.also(database, argv)
  }

  /** The command under way goes out although it changed no key. @param to - OR of TO_... */
  always(database: number, argv: readonly string[], to = TO_ALL): void {
    if (!this.isOn) return
    this.isReplaced = true
    this.items.push({argv, database, to})
  }

  /** Something that goes out beside it; by itself outside of a unit. */
  also(database: number, argv: readonly string[], to = this.targets): void {
    if (!this.isOn) return
    this.items.push({argv, database, to})
    if (this.depth === 0) this.send()
  }

  /** `also` for a key that ran out or was evicted, before anything is made of it anew. */
  dropped(database: number, key: string, unlinks: boolean): void {
    if (!this.isOn) return
    if (this.capture === undefined) {
      this.also(database, [unlinks ? 'UNLINK' : 'DEL', key])
      return
    }
    this.capture.dropped(key)
    if (this.depth === 0) this.capture.close(this.mayContinue)
  }

  /** `also` for a key that is another node's matter from now on: to an active-active database no change of the data. */
  purged(database: number, key: string): void {
    if (this.capture === undefined) this.also(database, ['DEL', key])
  }

  /** To replicas and disk as they are, together: what an active-active database sends in place of commands. */
  passOn(commands: readonly (readonly string[])[]): void {
    if (commands.length > 0) this.passItems(commands.map((argv) => ({argv, database: 0, to: TO_ALL})))
  }

  /** `passOn` of a command with one argument, which others may follow in one with it. */
  passArgument(name: string, argument: string): void {
    if (this.isSuspended) return
    this.aof?.feedArgument(name, argument)
    if (this.replicas !== undefined || this.exports !== undefined) this.streamArgument(name, argument)
  }

  /** `passArgument` of one of which nobody but a replica needs a string. */
  passBytes(name: string, argument: BytesArgument): void {
    if (this.isSuspended) return
    this.aof?.feedBytes(name, argument)
    if (this.replicas !== undefined || this.exports !== undefined) this.streamArgument(name, argument.text())
  }

  private streamArgument(name: string, argument: string): void {
    const argv = [name, argument]
    this.replicas?.feed(0, argv)
    this.exports?.take(argv)
  }

  /** `passOn` of what says itself for whom it is. */
  passItems(items: readonly Item[]): void {
    if (this.isSuspended) return
    if (this.aof !== undefined) send(this.aof, items, TO_AOF)
    if (this.replicas !== undefined) send(this.replicas, items, TO_REPLICAS)
    if (this.exports !== undefined) for (const {argv} of items) this.exports.take(argv)
  }

  private hand(capture: ChangeCapture): void {
    const {items} = this
    if (items.length > 0) this.items = []
    capture.take(items)
  }

  private sendOne(database: number, argv: readonly string[]): void {
    if ((this.targets & TO_AOF) !== 0) this.aof?.feed(database, argv)
    if ((this.targets & TO_REPLICAS) !== 0) this.replicas?.feed(database, argv)
    this.exports?.take(argv)
  }

  private send(): void {
    const {aof, capture, exports, items, replicas} = this
    if (capture !== undefined) {
      if (items.length > 0) this.hand(capture)
      capture.close(this.mayContinue)
      return
    }
    this.items = []
    if (aof !== undefined) send(aof, items, TO_AOF)
    if (replicas !== undefined) send(replicas, items, TO_REPLICAS)
    if (exports !== undefined) for (const {argv} of items) exports.take(argv)
  }
}

function send(sink: PropagationSink, items: readonly Item[], to: number): void {
  const own = items.every((item) => (item.to & to) !== 0) ? items : items.filter((item) => (item.to & to) !== 0)
  const isTransaction = own.length > 1
  if (isTransaction) sink.feed(own[0]!.database, MULTI)
  for (const {argv, database} of own) sink.feed(database, argv)
  if (isTransaction) sink.feed(-1, EXEC)
}
