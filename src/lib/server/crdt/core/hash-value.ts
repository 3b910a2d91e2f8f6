import type {ActorTable} from './actors.js'
import type {Step} from './api.js'
import type {OwnOperation} from './container.js'
import type {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'
import {HASH_OPCODE} from './opcodes.js'
import {isVisible, type Register} from './register.js'
import {RegisterMap, registerMapType} from './register-map.js'
import {exactStep, isSum, textOf} from './text-register.js'

/** Fields: whole values, or counters where HINCRBY made them. */
export class HashValue extends RegisterMap<string> {
  readonly type = 'hash'

  constructor() {
    super(HASH_OPCODE, '')
  }

  addOwn(operation: OwnOperation, field: string, step: Step): void {
    this.addTotal(operation, field, exactStep(this.registers.get(field), step, operation.actors))
  }

  override field(name: string, actors: ActorTable): string | undefined {
    const register = this.registers.get(name)
    return isVisible(register) ? textOf(register!, actors) : undefined
  }

  override isCounter(name: string, actors: ActorTable): boolean {
    const register = this.registers.get(name)
    return register !== undefined && isSum(register, actors)
  }

  protected override encodeValue(value: string, out: Encoder): void {
    out.text(value)
  }

  protected override decodeValue(decoder: Decoder): string {
    return decoder.text()
  }

  protected override shown(register: Register<string>, actors: ActorTable): string {
    return textOf(register, actors)
  }
}

export const hashType = registerMapType(
  'hash',
  HASH_OPCODE,
  () => new HashValue(),
  (decoder) => decoder.skipText(),
)
