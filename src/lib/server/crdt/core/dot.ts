import type {Dot} from './api.js'

/** Sequences have 37 bits: 137 thousand million effects per slot and actor. Indexes of actors have the 16 above. */
export const SEQUENCE_LIMIT = 2 ** 37
export const ACTORS_MAX = 2 ** 16

export function dotOf(actor: number, sequence: number): Dot {
  return actor * SEQUENCE_LIMIT + sequence
}

/** Index of the actor, as this node numbers them. */
export function actorOf(dot: Dot): number {
  return Math.floor(dot / SEQUENCE_LIMIT)
}

export function sequenceOf(dot: Dot): number {
  return dot - Math.floor(dot / SEQUENCE_LIMIT) * SEQUENCE_LIMIT
}
