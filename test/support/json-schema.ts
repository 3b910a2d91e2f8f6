import {readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'

/**
 * A small, strict reader of JSON Schema (2020-12): the keywords below and no others. A keyword it does not know, or one
 * that is not what it should be, is an error, so that a typing mistake in a schema cannot let anything through.
 */

export type Schema = boolean | {readonly [keyword: string]: unknown}

/** Documents by file name; references are `#/$defs/name` or `file#/$defs/name`. */
export type SchemaFiles = ReadonlyMap<string, Schema>

export interface SchemaError {
  /** Where in the value: `$.findings[0].id`. */
  readonly at: string
  readonly message: string
}

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] as const
type TypeName = (typeof TYPES)[number]

/** They describe, and say nothing about a value. */
const ANNOTATIONS = new Set(['$defs', '$id', '$schema', 'description', 'examples', 'title'])

type Check = (value: unknown, keyword: unknown, place: Place) => SchemaError[]

interface Place {
  readonly at: string
  readonly file: string
  readonly files: SchemaFiles
  readonly schema: {readonly [keyword: string]: unknown}
}

export class BadSchema extends Error {}

/** @throws {BadSchema} if the schema itself is wrong, as far as the value makes it looked at */
export function validate(value: unknown, file: string, files: SchemaFiles): SchemaError[] {
  const schema = files.get(file)
  if (schema === undefined) throw new BadSchema(`there is no schema ${file}`)
  return check(value, schema, {at: '$', file, files})
}

function check(value: unknown, schema: Schema, place: Omit<Place, 'schema'>): SchemaError[] {
  if (typeof schema === 'boolean') return schema ? [] : [{at: place.at, message: 'is not allowed here'}]
  if (!isObject(schema)) throw new BadSchema(`${place.file}: not a schema: ${JSON.stringify(schema)}`)
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (ANNOTATIONS.has(keyword)) return []
    const rule = CHECKS[keyword]
    if (!rule) throw new BadSchema(`${place.file}: unknown keyword ${keyword}`)
    return rule(value, wanted, {...place, schema})
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeOf(value: unknown): TypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  if (type === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return type as TypeName
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** One error, or none. */
function claim(holds: boolean, at: string, message: string): SchemaError[] {
  return holds ? [] : [{at, message}]
}

function asNumber(wanted: unknown, {file}: Place): number {
  if (typeof wanted !== 'number') throw new BadSchema(`${file}: not a number: ${JSON.stringify(wanted)}`)
  return wanted
}

function asList<T>(wanted: unknown, {file}: Place): readonly T[] {
  if (!Array.isArray(wanted) || wanted.length === 0)
    throw new BadSchema(`${file}: not a list: ${JSON.stringify(wanted)}`)
  return wanted
}

function asSchemas(wanted: unknown, {file}: Place): Record<string, Schema> {
  if (!isObject(wanted)) throw new BadSchema(`${file}: not named schemas: ${JSON.stringify(wanted)}`)
  return wanted as Record<string, Schema>
}

/** Values that match, of several schemas. */
function matching(value: unknown, wanted: unknown, place: Place): number {
  return asList<Schema>(wanted, place).filter((schema) => check(value, schema, place).length === 0).length
}

const CHECKS: Readonly<Record<string, Check>> = {
  $ref(value, wanted, place) {
    const [file, schema] = resolveRef(String(wanted), place)
    return check(value, schema, {...place, file})
  },
  additionalProperties(value, wanted, place) {
    if (!isObject(value)) return []
    const known = isObject(place.schema['properties']) ? place.schema['properties'] : {}
    return Object.entries(value)
      .filter(([name]) => !Object.hasOwn(known, name))
      .flatMap(([name, inner]) => check(inner, wanted as Schema, {...place, at: `${place.at}.${name}`}))
  },
  anyOf: (value, wanted, place) =>
    claim(matching(value, wanted, place) > 0, place.at, 'matches none of what it may be'),
  const: (value, wanted, {at}) => claim(same(value, wanted), at, `is not ${JSON.stringify(wanted)}`),
  enum(value, wanted, place) {
    const list = asList<unknown>(wanted, place)
    return claim(
      list.some((each) => same(each, value)),
      place.at,
      `is none of ${JSON.stringify(wanted)}`,
    )
  },
  items(value, wanted, place) {
    if (!Array.isArray(value)) return []
    return value.flatMap((inner, index) => check(inner, wanted as Schema, {...place, at: `${place.at}[${index}]`}))
  },
  maximum(value, wanted, place) {
    const most = asNumber(wanted, place)
    return typeof value === 'number' ? claim(value <= most, place.at, `is over ${most}`) : []
  },
  minItems(value, wanted, place) {
    const least = asNumber(wanted, place)
    return Array.isArray(value) ? claim(value.length >= least, place.at, `has fewer than ${least} items`) : []
  },
  minimum(value, wanted, place) {
    const least = asNumber(wanted, place)
    return typeof value === 'number' ? claim(value >= least, place.at, `is under ${least}`) : []
  },
  oneOf(value, wanted, place) {
    const count = matching(value, wanted, place)
    return claim(count === 1, place.at, `matches ${count} of what it may be, not one`)
  },
  pattern(value, wanted, {at}) {
    const pattern = new RegExp(String(wanted), 'u')
    return typeof value === 'string' ? claim(pattern.test(value), at, `does not match ${wanted}`) : []
  },
  properties(value, wanted, place) {
    const schemas = asSchemas(wanted, place)
    if (!isObject(value)) return []
    return Object.entries(schemas).flatMap(([name, schema]) =>
      Object.hasOwn(value, name) ? check(value[name], schema, {...place, at: `${place.at}.${name}`}) : [],
    )
  },
  required(value, wanted, place) {
    const names = asList<string>(wanted, place)
    if (!isObject(value)) return []
    return names.flatMap((name) => claim(Object.hasOwn(value, name), place.at, `lacks ${name}`))
  },
  type(value, wanted, place) {
    const names = asList<string>(Array.isArray(wanted) ? wanted : [wanted], place)
    const stranger = names.find((name) => !(TYPES as readonly string[]).includes(name))
    if (stranger !== undefined) throw new BadSchema(`${place.file}: no type: ${stranger}`)
    const type = typeOf(value)
    const holds = names.includes(type) || (type === 'integer' && names.includes('number'))
    return claim(holds, place.at, `is ${type}, not ${names.join(' or ')}`)
  },
}

function resolveRef(ref: string, {file, files}: Pick<Place, 'file' | 'files'>): [file: string, schema: Schema] {
  const match = /^([\w.-]*)(?:#\/\$defs\/([\w-]+))?$/.exec(ref)
  const target = match?.[1] || file
  const document = files.get(target)
  const name = match?.[2]
  const defs = isObject(document) ? document['$defs'] : undefined
  const schema = name === undefined ? document : isObject(defs) ? defs[name] : undefined
  if (!match || schema === undefined) throw new BadSchema(`${file}: nothing at ${ref}`)
  return [target, schema as Schema]
}

/** Looks at every schema in the files, also where no value has come by. @throws {BadSchema} */
export function requireSound(files: SchemaFiles): void {
  const visit = (schema: unknown, file: string): void => {
    if (typeof schema === 'boolean') return
    if (!isObject(schema)) throw new BadSchema(`${file}: not a schema: ${JSON.stringify(schema)}`)
    const place = {at: '$', file, files}
    // Keywords look at themselves before they look at the value; a value of each type wakes each of them.
    for (const value of [null, '', 0, [], {}]) check(value, schema, place)
    const properties = isObject(schema['properties']) ? Object.keys(schema['properties']) : []
    const required = (schema['required'] ?? []) as readonly string[]
    const unknown = required.filter((name) => !properties.includes(name))
    if (unknown.length > 0) throw new BadSchema(`${file}: required, but not among the properties: ${unknown}`)
    for (const group of ['$defs', 'properties']) {
      for (const inner of Object.values(schema[group] ?? {})) visit(inner, file)
    }
    for (const group of ['anyOf', 'oneOf']) for (const inner of (schema[group] ?? []) as unknown[]) visit(inner, file)
    for (const inner of [schema['items'], schema['additionalProperties']]) if (inner !== undefined) visit(inner, file)
  }
  for (const [file, schema] of files) visit(schema, file)
}

/** Where the schemas are that users are told of. */
export const SCHEMA_FOLDER = join(resolve(import.meta.dirname, '../..'), 'docs/json')

export function loadSchemas(folder = SCHEMA_FOLDER): SchemaFiles {
  const names = readdirSync(folder).filter((name) => name.endsWith('.schema.json'))
  return new Map(names.map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Schema]))
}

/** The file of a command: `node:start` -> `node-start.schema.json`. */
export function schemaFileOf(commandId: string): string {
  return `${commandId.replaceAll(':', '-')}.schema.json`
}
