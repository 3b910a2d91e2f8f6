import {factsOf} from '../facts.js'

/** Commands that only a primary's stream, a node's own file and a slot's former owner may give. */
export const CRDT_STREAM = factsOf('server', {
  'crdt.effect': {arity: -2, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'crdt.forget': {arity: 2, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'crdt.merge': {arity: 3, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'crdt.stable': {arity: -2, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
  'crdt.stream': {arity: 3, since: '7.0.0', flags: ['admin', 'noscript', 'loading', 'stale']},
})
