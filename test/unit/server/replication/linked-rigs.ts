import type {Client} from '../../../../src/lib/server/client.js'
import type {LinkEvents, ReplicationEffects} from '../../../../src/lib/server/replication/link-effects.js'
import {Rig} from '../rig.js'

const TURNS_MAX = 1000

interface Line {
  readonly events: LinkEvents
  readonly from: Rig
  readonly to: Rig
  readonly client: Client
  sent: string
  isOpen: boolean
  isClosed: boolean
}

/** Pure servers that replicate each other without sockets: a `port` is the index of a server. */
export class LinkedRigs {
  readonly rigs: Rig[] = []
  private readonly lines: Line[] = []

  /** @param settings - lines of redis.conf of each server */
  constructor(...settings: readonly string[]) {
    for (const one of settings) this.add(one)
  }

  add(settings = ''): Rig {
    const rig = new Rig(settings, this.rigs.length + 1)
    const effects = rig.server.effects as unknown as ReplicationEffects & {closeClient(client: Client): void}
    effects.openLink = (_host, port, events) => this.open(rig, this.rigs[port]!, events)
    effects.closeClient = (client) => {
      rig.server.removeClient(client)
      const line = this.lines.find((one) => one.client === client)
      if (line !== undefined) this.cut(line, true)
    }
    this.rigs.push(rig)
    return rig
  }

  private open(from: Rig, to: Rig, events: LinkEvents): {close: () => void; send: (text: string) => void} {
    const line: Line = {client: to.connect(), events, from, isClosed: false, isOpen: false, sent: '', to}
    this.lines.push(line)
    return {
      close: () => this.cut(line, false),
      send: (text) => {
        line.sent += text
      },
    }
  }

  private cut(line: Line, tellsReplica: boolean): void {
    if (line.isClosed) return
    line.isClosed = true
    this.lines.splice(this.lines.indexOf(line), 1)
    line.to.server.removeClient(line.client)
    if (tellsReplica) line.events.onClose()
  }

  /** The connections of a replica break; what is under way is lost. */
  disconnect(replica: Rig): void {
    for (const line of this.lines.filter(({from}) => from === replica)) this.cut(line, true)
  }

  /** Delivers all there is, in turns, until nothing is left. */
  settle(): void {
    for (let turn = 0; turn < TURNS_MAX && this.turn(); turn++);
  }

  /** So many turns of that. */
  step(turns: number): void {
    for (let turn = 0; turn < turns; turn++) this.turn()
  }

  private turn(): boolean {
    let isBusy = false
    for (const line of [...this.lines]) if (this.deliver(line)) isBusy = true
    for (const rig of this.rigs) rig.turn(rig.server.clients.values().next().value ?? rig.connect())
    return isBusy
  }

  private deliver(line: Line): boolean {
    const isNew = !line.isOpen
    if (isNew) {
      line.isOpen = true
      line.events.onOpen()
    }
    const {client, events, sent, to} = line
    line.sent = ''
    if (sent !== '') client.feed(Buffer.from(sent, 'latin1'), sent.length, to.nowMs)
    const out = to.turn(client)
    if (out !== '' && !line.isClosed) {
      client.onDrain?.()
      events.onData(Buffer.from(out, 'latin1'))
    }
    return isNew || sent !== '' || out !== ''
  }

  /** Seconds pass for all: links are begun anew, pings are sent. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      for (const rig of this.rigs) {
        rig.nowMs += 1000
        for (let turn = 0; turn < 10; turn++) rig.server.cron(rig.nowMs)
      }
      this.settle()
    }
  }
}
