/**
 * Administration commands whose whole answer must be redis-server's. One connection runs them in this order; names of
 * settings and keys carry over from line to line.
 */
export const ADMIN_LINES: readonly string[] = `
flushall
client list type foo
client list type
client list id
client list id x
client list id 0
client list id 1111 99999
client list foo
client list type pubsub
client list type replica
client list type normal foo
client kill 1.2.3.4:5
client kill foo bar
client kill id x
client kill id -1
client kill id 99999
client kill addr
client kill user bob
client kill type foo
client kill skipme x
client kill skipme yes id 99999
client kill laddr 1:1
client kill id 1 foo
client pause x
client pause -1
client pause 1 foo
client pause 99999999999999999999
client unpause
client unpause x
client unblock x
client unblock 99
client unblock 99 foo
client unblock 99 ERROR
client setname "a b"
client setname ""
client getname
client setname foo
client getname
client reply foo
client tracking foo
client tracking off
client trackinginfo
client getredir
client caching foo
client caching yes
client no-evict foo
client no-evict on
client no-evict off
client foo
client
client kill
client no-touch on
client setinfo lib-name x
time x
shutdown foo
shutdown save nosave
shutdown abort
shutdown abort now
shutdown abort abort
shutdown now now abort
info foo
role
lolwut foo
slowlog get x
slowlog get -2
slowlog get 1 2
slowlog foo
slowlog reset
latency latest
latency history x
latency graph x
latency reset
latency reset x y
latency histogram foo
memory usage nokey
memory usage k samples -1
memory usage k samples x
memory usage k foo 1
memory usage k samples
memory purge
memory foo
command getkeys get
command getkeys foo bar
command getkeys ping
command getkeys get a b
command getkeys set a b
command getkeys ping x
command getkeys mset a b c d
command getkeys mset a b c
command getkeys migrate h 1 "" 0 10 keys a b
command getkeys migrate h 1 "" 0 10 auth keys keys x y
command getkeys migrate h 1 a 0 10 copy
command getkeysandflags set a b
command getkeysandflags set a b get
command getkeysandflags set a b xx get
command getkeysandflags migrate h 1 k 0 10
command getkeysandflags getex a ex 10
command getkeysandflags rename a b
command getkeysandflags copy a b
command getkeysandflags lcs a b
command getkeysandflags exists a b c
command getkeys object encoding a
command getkeys object
command getkeys object foo bar
command getkeys memory usage k
command getkeys restore k 0 x
command getkeys config get x
command getkeys config foo x
command info foo get|x get|x|y
command docs foo
command count x
command list filterby foo bar
command list filterby module x
command list filterby aclcat nosuch
command list filterby pattern config|g*
command list foo
command getkeys
command foo
config get
config set
config set foo
config set foo 1
config set maxmemory 1 maxmemory 2
config set maxmemory 1 foo 2
config set hz 10 hz 10
config rewrite x
config foo
config rewrite
config set timeout 5
config get timeout
config set timeout 0
config resetstat
config get
config get HZ hz Hz
debug foo
debug
debug object
debug object nokey
set a 1
set foo barbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbarbar
debug digest
debug digest-value a foo nokey
debug digest-value
del a
debug digest
set a 1
pexpireat a 99999999999999
debug digest
debug digest-value a
select 3
set a 1
set "" ""
debug digest
debug digest-value a "" foo
debug set-active-expire 0
debug set-active-expire x
debug set-active-expire 1
debug sleep x
debug sleep 0.01
debug error foo
debug error "foo  bar"
debug log hello
debug protocol string
debug protocol foo
debug protocol integer
debug protocol double
debug protocol null
debug protocol array
debug protocol set
debug protocol map
debug protocol bignum
debug protocol true
debug protocol false
debug protocol verbatim
debug protocol attrib
debug reload
debug reload nosave foo
debug drop-cluster-packet-filter 1
debug drop-cluster-packet-filter x
debug drop-cluster-packet-filter -1
debug clusterlink kill to x
debug pause-cron 1
debug pause-cron 0
debug pause-cron x
debug change-repl-id
debug change-repl-id x
debug replicate
debug populate 5
dbsize
debug populate 3 foo 10
get foo:1
strlen foo:1
debug populate x
debug digest
flushall
debug digest
debug help x
select 0
`
  .trim()
  .split('\n')
