import {AofOutput} from '../../protocol/aof/output.js'
import {type Rebuild, rebuildOf} from '../../protocol/aof/rebuild.js'
import {encodeCommand} from '../../protocol/resp/encode-command.js'
import {encodePayload} from '../commands/migration/payload.js'
import type {ObjectValue, Value} from '../keyspace/value.js'
import type {Server} from '../server.js'
import type {SlotVisitor} from './slot-walk.js'

/** A value above this, in bytes, is made anew piece by piece. */
const WHOLE_BYTES_MAX = 128 * 1024

/** A key on its way. */
interface Begun {
  readonly rebuild: Rebuild
  readonly deadline: string
  part: number
}

/**
 * The commands that make a key elsewhere: a SET, a RESTORE, or for what is large, pieces that none takes long to make or to
 * carry out. They are ordinary commands, so replicas of any kind and append-only files take them.
 */
export class KeyCommands implements SlotVisitor {
  private begun: Begun | undefined
  private readonly out = new AofOutput(undefined)

  /** @param send - takes whole commands */
  constructor(
    private readonly server: Server,
    private readonly send: (commands: string) => void,
  ) {}

  whole(key: string, value: Value, expireAtMs: number | undefined): void {
    if (this.sendSmall(key, value, expireAtMs)) return
    const begun = this.sendHead(key, value as ObjectValue, expireAtMs)
    while (!this.sendPart(begun));
  }

  begin(key: string, value: Value, expireAtMs: number | undefined): boolean {
    if (this.sendSmall(key, value, expireAtMs)) return true
    this.begun = this.sendHead(key, value as ObjectValue, expireAtMs)
    return false
  }

  more(): boolean {
    if (this.begun !== undefined && !this.sendPart(this.begun)) return false
    this.begun = undefined
    return true
  }

  finish(): void {
    while (!this.more());
  }

  /** @returns whether it was */
  private sendSmall(key: string, value: Value, expireAtMs: number | undefined): boolean {
    if (typeof value === 'string') {
      const deadline = expireAtMs === undefined ? [] : ['PXAT', String(expireAtMs)]
      this.send(encodeCommand(['SET', key, value, ...deadline]))
      return true
    }
    // A stream has facts that no command can bring back.
    if (value.type !== 'stream' && value.sizeBytes() > WHOLE_BYTES_MAX) return false
    const payload = encodePayload(this.server, value, false)
    this.send(encodeCommand(['RESTORE', key, String(expireAtMs ?? 0), payload, 'REPLACE', 'ABSTTL']))
    return true
  }

  private sendHead(key: string, value: ObjectValue, expireAtMs: number | undefined): Begun {
    this.send(encodeCommand(['DEL', key]))
    const deadline = expireAtMs === undefined ? '' : encodeCommand(['PEXPIREAT', key, String(expireAtMs)])
    return {deadline, part: 0, rebuild: rebuildOf(key, value.toRdb())}
  }

  /** @returns whether that was the last one */
  private sendPart(begun: Begun): boolean {
    begun.rebuild.write(begun.part++, this.out)
    this.send(this.out.text())
    this.out.forget()
    if (begun.part < begun.rebuild.parts) return false
    if (begun.deadline !== '') this.send(begun.deadline)
    return true
  }
}
