/**
 * Kinds of keyspace events, one bit each, by the letter that `notify-keyspace-events` has for it. `Database.notify` takes
 * one of them.
 */
export const NOTIFY_GENERIC = 1
export const NOTIFY_STRING = 2
export const NOTIFY_LIST = 4
export const NOTIFY_SET = 8
export const NOTIFY_HASH = 16
export const NOTIFY_ZSET = 32
export const NOTIFY_EXPIRED = 64
export const NOTIFY_EVICTED = 128
export const NOTIFY_STREAM = 256
export const NOTIFY_KEY_MISS = 512
export const NOTIFY_MODULE = 1024
export const NOTIFY_NEW = 2048
