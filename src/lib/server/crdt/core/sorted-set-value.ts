import {formatDouble} from '../../../protocol/double.js'
import type {ActorTable} from './actors.js'
import type {OwnOperation} from './container.js'
import type {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'
import {ZSET_OPCODE} from './opcodes.js'
import {isVisible, type Register} from './register.js'
import {RegisterMap, registerMapType} from './register-map.js'
import {scoreOf, scoreStep} from './score-register.js'
import {decodeScore, encodeTotal} from './total.js'

/** Scored members: ZADD writes whole values, ZINCRBY adds. */
export class SortedSetValue extends RegisterMap<number> {
  readonly type = 'zset'

  constructor() {
    super(ZSET_OPCODE, 0)
  }

  addOwn(operation: OwnOperation, member: string, by: number): void {
    this.addTotal(operation, member, scoreStep(this.registers.get(member), by, operation.actors))
  }

  override score(member: string, actors: ActorTable): number | undefined {
    const register = this.registers.get(member)
    return isVisible(register) ? scoreOf(register!, actors) : undefined
  }

  protected override encodeValue(value: number, out: Encoder): void {
    encodeTotal(value, out)
  }

  protected override decodeValue(decoder: Decoder): number {
    return decodeScore(decoder)
  }

  protected override shown(register: Register<number>, actors: ActorTable): string {
    return formatDouble(scoreOf(register, actors))
  }
}

export const sortedSetType = registerMapType('zset', ZSET_OPCODE, () => new SortedSetValue(), decodeScore)
