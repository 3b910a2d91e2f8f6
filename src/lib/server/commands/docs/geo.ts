import type {CommandDocs} from '../command.js'
import {block, double, int, key, oneof, str, word} from './build.js'

export const geoDocs: Readonly<Record<string, CommandDocs>> = {
  geoadd: {
    summary: 'Add one or more geospatial items in the geospatial index represented using a sorted set',
    complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    history: [['6.2.0', 'Added the `CH`, `NX` and `XX` options.']],
    arguments: [
      key('key', 0),
      oneof('condition', [word('nx', 'NX'), word('xx', 'XX')], {since: '6.2.0', optional: true}),
      word('change', 'CH', {since: '6.2.0', optional: true}),
      block('longitude_latitude_member', [double('longitude'), double('latitude'), str('member')], {multiple: true}),
    ],
  },
  geodist: {
    summary: 'Returns the distance between two members of a geospatial index',
    complexity: 'O(log(N))',
    arguments: [
      key('key', 0),
      str('member1'),
      str('member2'),
      oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')], {optional: true}),
    ],
  },
  geohash: {
    summary: 'Returns members of a geospatial index as standard geohash strings',
    complexity: 'O(log(N)) for each member requested, where N is the number of elements in the sorted set.',
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  geopos: {
    summary: 'Returns longitude and latitude of members of a geospatial index',
    complexity: 'O(N) where N is the number of members requested.',
    arguments: [key('key', 0), str('member', {multiple: true})],
  },
  georadius: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a point',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
    history: [
      ['6.2.0', 'Added the `ANY` option for `COUNT`.'],
      ['7.0.0', 'Added support for uppercase unit names.'],
    ],
    arguments: [
      key('key', 0),
      double('longitude'),
      double('latitude'),
      double('radius'),
      oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
      word('withcoord', 'WITHCOORD', {optional: true}),
      word('withdist', 'WITHDIST', {optional: true}),
      word('withhash', 'WITHHASH', {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {since: '6.2.0', optional: true})], {
        optional: true,
      }),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      key('key', 1, {token: 'STORE', optional: true}),
      key('key', 2, {token: 'STOREDIST', optional: true}),
    ],
  },
  georadius_ro: {
    summary: 'A read-only variant for GEORADIUS',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument',
    history: [['6.2.0', 'Added the `ANY` option for `COUNT`.']],
    arguments: [
      key('key', 0),
      double('longitude'),
      double('latitude'),
      double('radius'),
      oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
      word('withcoord', 'WITHCOORD', {optional: true}),
      word('withdist', 'WITHDIST', {optional: true}),
      word('withhash', 'WITHHASH', {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {since: '6.2.0', optional: true})], {
        optional: true,
      }),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
    ],
  },
  georadiusbymember: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a member',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      key('key', 0),
      str('member'),
      double('radius'),
      oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
      word('withcoord', 'WITHCOORD', {optional: true}),
      word('withdist', 'WITHDIST', {optional: true}),
      word('withhash', 'WITHHASH', {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {optional: true})], {optional: true}),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      key('key', 1, {token: 'STORE', optional: true}),
      key('key', 2, {token: 'STOREDIST', optional: true}),
    ],
  },
  georadiusbymember_ro: {
    summary: 'A read-only variant for GEORADIUSBYMEMBER',
    complexity:
      'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.',
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
    arguments: [
      key('key', 0),
      str('member'),
      double('radius'),
      oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
      word('withcoord', 'WITHCOORD', {optional: true}),
      word('withdist', 'WITHDIST', {optional: true}),
      word('withhash', 'WITHHASH', {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {optional: true})], {optional: true}),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
    ],
  },
  geosearch: {
    summary: 'Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle.',
    complexity:
      'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape',
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      key('key', 0),
      oneof('from', [
        str('member', {token: 'FROMMEMBER'}),
        block('longitude_latitude', [double('longitude'), double('latitude')], {token: 'FROMLONLAT'}),
      ]),
      oneof('by', [
        block('circle', [
          double('radius', {token: 'BYRADIUS'}),
          oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
        ]),
        block('box', [
          double('width', {token: 'BYBOX'}),
          double('height'),
          oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
        ]),
      ]),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {optional: true})], {optional: true}),
      word('withcoord', 'WITHCOORD', {optional: true}),
      word('withdist', 'WITHDIST', {optional: true}),
      word('withhash', 'WITHHASH', {optional: true}),
    ],
  },
  geosearchstore: {
    summary:
      'Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle, and store the result in another key.',
    complexity:
      'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape',
    history: [['7.0.0', 'Added support for uppercase unit names.']],
    arguments: [
      key('destination', 0),
      key('source', 1),
      oneof('from', [
        str('member', {token: 'FROMMEMBER'}),
        block('longitude_latitude', [double('longitude'), double('latitude')], {token: 'FROMLONLAT'}),
      ]),
      oneof('by', [
        block('circle', [
          double('radius', {token: 'BYRADIUS'}),
          oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
        ]),
        block('box', [
          double('width', {token: 'BYBOX'}),
          double('height'),
          oneof('unit', [word('m', 'M'), word('km', 'KM'), word('ft', 'FT'), word('mi', 'MI')]),
        ]),
      ]),
      oneof('order', [word('asc', 'ASC'), word('desc', 'DESC')], {optional: true}),
      block('count', [int('count', {token: 'COUNT'}), word('any', 'ANY', {optional: true})], {optional: true}),
      word('storedist', 'STOREDIST', {optional: true}),
    ],
  },
}
