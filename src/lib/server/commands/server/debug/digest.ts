import type {Database} from '../../../keyspace/database.js'
import {NEVER} from '../../../keyspace/deadlines.js'
import {type ObjectType, typeOf, type Value, type ValueDigest} from '../../../keyspace/value.js'
import {DIGEST_BYTES, sha1, sha1OfDigest} from './sha1.js'

/**
 * DEBUG DIGEST, equal to redis-server's for equal data, so that data sets of both kinds of node can be compared.
 *
 *   xor(D, x)  D ^= SHA1(x)                       order of several x does not matter
 *   mix(D, x)  xor(D, x), then D = SHA1(D)        order matters
 *
 *   value:  mix(number of the type); mix(string) or what its type says; with a deadline xor("!!expire!!")
 *   key:    D = 0; mix(key); then value
 *   all:    D = 0; per database that has keys: mix(number of the database); per key: xor(D of the key)
 *
 * Numbers are 32 bits, big-endian. Yes, the database's number is mixed into what the databases before it left.
 */
class Digest implements ValueDigest {
  readonly bytes = new Uint8Array(DIGEST_BYTES)

  xor(text: string): void {
    this.add(sha1(text))
  }

  mix(text: string): void {
    this.xor(text)
    this.bytes.set(sha1OfDigest(this.bytes))
  }

  xorMixed(...parts: readonly string[]): void {
    const inner = new Digest()
    for (const part of parts) inner.mix(part)
    this.xorDigest(inner)
  }

  /** `xor` of the bytes of another one. */
  xorDigest({bytes}: Digest): void {
    this.add(sha1OfDigest(bytes))
  }

  private add(hash: Uint8Array): void {
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i]! ^= hash[i]!
  }

  hex(): string {
    return [...this.bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

const TYPE_NUMBERS: Readonly<Record<'string' | ObjectType, number>> = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  stream: 6,
}

function number32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

function addValue(digest: Digest, value: Value, hasDeadline: boolean): void {
  digest.mix(number32(TYPE_NUMBERS[typeOf(value)]))
  if (typeof value === 'string') digest.mix(value)
  else value.addToDigest(digest)
  if (hasDeadline) digest.xor('!!expire!!')
}

/**
 * Of one key's value and whether it expires, also if it has expired and is still there; zeros if there is no such key. 40
 * hex characters.
 */
export function digestOfValue(db: Database, key: string): string {
  const digest = new Digest()
  const {store} = db
  const place = store.find(key)
  if (place >= 0) addValue(digest, store.valueAt(place), store.deadlineAt(place) !== NEVER)
  return digest.hex()
}

/** Of everything there is; the order of keys does not matter. 40 hex characters. */
export function digestOfAll(databases: readonly Database[]): string {
  const total = new Digest()
  for (const db of databases) {
    if (db.size === 0) continue
    total.mix(number32(db.index))
    const {store} = db
    // Keys that have expired and are still there count, as they do in redis-server.
    for (let place = store.size - 1; place >= 0; place--) {
      const digest = new Digest()
      digest.mix(store.keyAt(place))
      addValue(digest, store.valueAt(place), store.deadlineAt(place) !== NEVER)
      total.xorDigest(digest)
    }
  }
  return total.hex()
}
