import type {CommandDocs} from '../command.js'
import {block, int, key, oneof, str, word} from './build.js'

export const bitmapDocs: Readonly<Record<string, CommandDocs>> = {
  bitcount: {
    summary: 'Count set bits in a string',
    complexity: 'O(N)',
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    arguments: [
      key('key', 0),
      block(
        'index',
        [
          int('start'),
          int('end'),
          oneof('index_unit', [word('byte', 'BYTE'), word('bit', 'BIT')], {since: '7.0.0', optional: true}),
        ],
        {optional: true},
      ),
    ],
  },
  bitfield: {
    summary: 'Perform arbitrary bitfield integer operations on strings',
    complexity: 'O(1) for each subcommand specified',
    arguments: [
      key('key', 0),
      oneof(
        'operation',
        [
          block('encoding_offset', [str('encoding'), int('offset')], {token: 'GET'}),
          block('write', [
            oneof('wrap_sat_fail', [word('wrap', 'WRAP'), word('sat', 'SAT'), word('fail', 'FAIL')], {
              token: 'OVERFLOW',
              optional: true,
            }),
            oneof('write_operation', [
              block('encoding_offset_value', [str('encoding'), int('offset'), int('value')], {token: 'SET'}),
              block('encoding_offset_increment', [str('encoding'), int('offset'), int('increment')], {token: 'INCRBY'}),
            ]),
          ]),
        ],
        {optional: true, multiple: true},
      ),
    ],
  },
  bitfield_ro: {
    summary: 'Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD',
    complexity: 'O(1) for each subcommand specified',
    arguments: [
      key('key', 0),
      block('encoding_offset', [str('encoding'), int('offset')], {
        token: 'GET',
        optional: true,
        multiple: true,
        multipleToken: true,
      }),
    ],
  },
  bitop: {
    summary: 'Perform bitwise operations between strings',
    complexity: 'O(N)',
    arguments: [str('operation'), key('destkey', 0), key('key', 1, {multiple: true})],
  },
  bitpos: {
    summary: 'Find first bit set or clear in a string',
    complexity: 'O(N)',
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    arguments: [
      key('key', 0),
      int('bit'),
      block(
        'index',
        [
          int('start'),
          block(
            'end_index',
            [
              int('end'),
              oneof('index_unit', [word('byte', 'BYTE'), word('bit', 'BIT')], {since: '7.0.0', optional: true}),
            ],
            {optional: true},
          ),
        ],
        {optional: true},
      ),
    ],
  },
  getbit: {
    summary: 'Returns the bit value at offset in the string value stored at key',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('offset')],
  },
  setbit: {
    summary: 'Sets or clears the bit at offset in the string value stored at key',
    complexity: 'O(1)',
    arguments: [key('key', 0), int('offset'), int('value')],
  },
}
