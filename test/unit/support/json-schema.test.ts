import {describe, expect, it} from 'vitest'
import {BadSchema, requireSound, type Schema, validate} from '../../support/json-schema.js'

const errors = (schema: Schema, value: unknown, more: Readonly<Record<string, Schema>> = {}) =>
  validate(value, 'it', new Map([['it', schema], ...Object.entries(more)])).map(({at, message}) => `${at} ${message}`)

const object = {
  type: 'object',
  required: ['id'],
  properties: {id: {type: 'string', pattern: '^[a-z]+$'}, tags: {type: 'array', items: {type: 'string'}, minItems: 1}},
  additionalProperties: false,
}

describe('validate', () => {
  const cases: [name: string, schema: Schema, good: unknown[], bad: unknown[]][] = [
    ['type', {type: 'string'}, ['', 'a'], [1, null, [], {}, true]],
    ['several types', {type: ['integer', 'null']}, [1, null], [1.5, 'a']],
    ['number, which integers are', {type: 'number'}, [1, 1.5], ['1']],
    [
      'properties',
      object,
      [{id: 'a'}, {id: 'a', tags: ['x']}],
      [{}, {id: 'A'}, {id: 'a', tags: []}, {id: 'a', x: 1}, []],
    ],
    ['additional properties of a kind', {additionalProperties: {type: 'integer'}}, [{}, {a: 1}], [{a: 'b'}]],
    [
      'names that every object has',
      {type: 'object', properties: {}, additionalProperties: false},
      [{}],
      [{toString: 1}],
    ],
    ['const', {const: {a: [1]}}, [{a: [1]}], [{a: [2]}]],
    ['enum', {enum: ['a', 1, null]}, ['a', 1, null], ['b', 2, undefined]],
    ['bounds', {minimum: 1, maximum: 3}, [1, 3, 'x'], [0, 4]],
    ['anyOf', {anyOf: [{type: 'string'}, {const: 'a'}]}, ['a', 'b'], [1]],
    ['oneOf', {oneOf: [{type: 'string'}, {const: 'a'}]}, ['b'], ['a', 1]],
    ['true and false', {properties: {a: true, b: false}}, [{a: 1}], [{b: 1}]],
    ['a reference', {$ref: '#/$defs/word', $defs: {word: {type: 'string'}}}, ['a'], [1]],
  ]
  for (const [name, schema, good, bad] of cases) {
    it(`judges ${name}`, () => {
      for (const value of good) expect(errors(schema, value), JSON.stringify(value)).toEqual([])
      for (const value of bad) expect(errors(schema, value), JSON.stringify(value)).not.toEqual([])
    })
  }

  it('says where', () => {
    expect(errors(object, {id: 'a', tags: ['x', 1]})).toEqual(['$.tags[1] is integer, not string'])
    expect(errors(object, {tags: ['x'], more: 1})).toEqual(['$ lacks id', '$.more is not allowed here'])
  })

  it('follows references from file to file and back', () => {
    const tree = {type: 'object', properties: {inner: {$ref: '#/$defs/tree'}}, additionalProperties: false}
    const other = {$defs: {tree}}
    expect(errors({$ref: 'other#/$defs/tree'}, {inner: {inner: {}}}, {other})).toEqual([])
    expect(errors({$ref: 'other#/$defs/tree'}, {inner: {inner: 1}}, {other})).toEqual([
      '$.inner.inner is integer, not object',
    ])
  })

  it.each<[string, Schema]>([
    ['a keyword it does not know', {tpye: 'string'}],
    ['a keyword of JSON Schema it does not do', {allOf: []}],
    ['a type there is not', {type: 'text'}],
    ['a reference to nothing', {$ref: '#/$defs/nothing'}],
    ['a reference to a file there is not', {$ref: 'gone#/$defs/a'}],
    ['an enum that is no list', {enum: 'a'}],
    ['a bound that is no number', {minimum: '1'}],
  ])('refuses %s', (_, schema) => {
    expect(() => errors(schema, 'a')).toThrow(BadSchema)
    expect(() => errors({type: 'object', properties: {a: schema}}, {a: 'a'})).toThrow(BadSchema)
    // Also where no value has come by.
    expect(() => requireSound(new Map([['it', {type: 'object', properties: {a: {items: schema}}}]]))).toThrow(BadSchema)
  })

  it('refuses what is required but not described', () => {
    expect(() => requireSound(new Map([['it', {required: ['a'], properties: {}}]]))).toThrow(/required.*: a/)
  })
})
