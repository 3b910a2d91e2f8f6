/**
 * What the bytes of a value are made of, per type byte (wire.md 3.3): enough to find where a value ends without knowing
 * what it means.
 */

/**
 * One part of a value. A number is that many raw bytes; `each` is a length n and then n times its parts; `module` is a
 * run of tagged parts that ends with tag 0; `old-double` a length byte and digits, or one of three special bytes.
 */
export type Part = 'string' | 'length' | 'old-double' | 'module' | number | {readonly each: readonly Part[]}

export interface Shape {
  readonly parts: readonly Part[]
  /** The oldest version whose readers know the type: what a DUMP payload of it says, so that older nodes may take it. */
  readonly version: number
}

/** The oldest version that is worth telling from later ones: that of Redis 5 and 6. */
const VERSION_OLD = 9
const VERSION_7_0 = 10
const VERSION_7_2 = 11
const VERSION_7_4 = 12
const VERSION_VALKEY_9 = 80

const ID_BYTES = 16
const MS_BYTES = 8

function stream(version: 1 | 2 | 3): readonly Part[] {
  const lengths = (count: number): Part[] => new Array<Part>(count).fill('length')
  return [
    {each: ['string', 'string']},
    ...lengths(version === 1 ? 3 : 8),
    {
      each: [
        'string',
        ...lengths(version === 1 ? 2 : 3),
        {each: [ID_BYTES, MS_BYTES, 'length']},
        {each: ['string', ...(version === 3 ? [MS_BYTES, MS_BYTES] : [MS_BYTES]), {each: [ID_BYTES]}]},
      ],
    },
  ]
}

const SHAPES: ReadonlyMap<number, Shape> = new Map(
  (
    [
      [0, VERSION_OLD, ['string']],
      [1, VERSION_OLD, [{each: ['string']}]],
      [2, VERSION_OLD, [{each: ['string']}]],
      [3, VERSION_OLD, [{each: ['string', 'old-double']}]],
      [4, VERSION_OLD, [{each: ['string', 'string']}]],
      [5, VERSION_OLD, [{each: ['string', 8]}]],
      [7, VERSION_OLD, ['length', 'module']],
      [9, VERSION_OLD, ['string']],
      [10, VERSION_OLD, ['string']],
      [11, VERSION_OLD, ['string']],
      [12, VERSION_OLD, ['string']],
      [13, VERSION_OLD, ['string']],
      [14, VERSION_OLD, [{each: ['string']}]],
      [15, VERSION_OLD, stream(1)],
      [16, VERSION_7_0, ['string']],
      [17, VERSION_7_0, ['string']],
      [18, VERSION_7_0, [{each: ['length', 'string']}]],
      [19, VERSION_7_0, stream(2)],
      [20, VERSION_7_2, ['string']],
      [21, VERSION_7_2, stream(3)],
      // Of release candidates of 7.4; Valkey 9 gave 22 another meaning.
      [22, VERSION_7_4, [{each: ['length', 'string', 'string']}]],
      [23, VERSION_7_4, ['string']],
      [24, VERSION_7_4, [MS_BYTES, {each: ['length', 'string', 'string']}]],
      [25, VERSION_7_4, [MS_BYTES, 'string']],
    ] as const
  ).map(([type, version, parts]) => [type, {parts, version}]),
)

const VALKEY_HASH: Shape = {parts: [{each: ['string', 'string', MS_BYTES]}], version: VERSION_VALKEY_9}

/** Type 22 means one thing to Redis, another to Valkey. */
export const HASH_22 = 22

/**
 * @param valkey - the file's magic is VALKEY
 * @returns undefined for a type nobody told us about
 */
export function shapeOf(type: number, valkey: boolean): Shape | undefined {
  return valkey && type === HASH_22 ? VALKEY_HASH : SHAPES.get(type)
}

/** Whether a DUMP payload was made by Valkey 9 or later, whose versions start there. */
export function isValkeyVersion(version: number): boolean {
  return version >= VERSION_VALKEY_9
}
