/*
 * Shell scripts of an exported project, for any POSIX sh: they run in images and on machines that Shoal knows nothing of.
 * What differs between projects comes from the environment or from network.sh.
 */

/** Starts one node in its container. The password goes into a file: a command line is for all to see. */
export const START_SH = `#!/bin/sh
# Starts one node. What differs between nodes comes from their environment in the compose file.
set -eu

# One value of redis.conf, in quotes.
quote() {
  rest=$1
  quoted=
  while [ -n "$rest" ]; do
    tail=\${rest#?}
    char=\${rest%"$tail"}
    case $char in
      '"' | \\\\) quoted="$quoted\\\\$char" ;;
      *) quoted="$quoted$char" ;;
    esac
    rest=$tail
  done
  printf '"%s"' "$quoted"
}

# Written at every start: it holds the password, so that no command line does.
cd /data
umask 077
{
  echo "include /usr/local/etc/redis/redis.conf"
  echo "port $REDIS_PORT"
  echo "cluster-announce-ip $REDIS_ADDRESS"
  echo "replica-announce-ip $REDIS_ADDRESS"
  if [ -n "\${REDIS_SOURCE-}" ]; then echo "bind-source-addr $REDIS_SOURCE"; fi
  if [ -n "\${REDIS_REPLICAOF-}" ]; then echo "replicaof $REDIS_REPLICAOF"; fi
  if [ -n "\${REDISCLI_AUTH-}" ]; then
    password=$(quote "$REDISCLI_AUTH")
    printf 'requirepass %s\\nmasterauth %s\\n' "$password" "$password"
  fi
} >node.conf
umask 022

server=$(command -v valkey-server || command -v redis-server)
# The entrypoint of the official images goes on as their own user, and gives it /data.
entrypoint=$(command -v docker-entrypoint.sh || true)
exec \${entrypoint:+"$entrypoint"} "\${server##*/}" /data/node.conf
`

/** Makes the cluster, once. Each step may be repeated, so that being cut short does no harm. */
export const CLUSTER_HELPER_SH = `#!/bin/sh
# Makes one cluster of new nodes, and ends when it is ready. A cluster that is there already is left as it is.
#   PRIMARIES  HOST:PORT ...
#   REPLICAS   HOST:PORT=HOST:PORT_OF_ITS_PRIMARY ...
set -u
SLOTS=16384
TRIES=600

nodes=$PRIMARIES
for pair in $REPLICAS; do nodes="$nodes \${pair%%=*}"; done
count=0
for node in $nodes; do count=$((count + 1)); done
primary_count=0
for node in $PRIMARIES; do primary_count=$((primary_count + 1)); done
seed=\${PRIMARIES%% *}

# call HOST:PORT COMMAND...; fails on an error reply too
call() {
  address=$1
  shift
  redis-cli -e -h "\${address%:*}" -p "\${address##*:}" "$@" 2>&1
}

# field NAME TEXT: the value in a line NAME:VALUE
field() {
  value=\${2#*"$1":}
  printf '%s' "\${value%%[!0-9a-z]*}"
}

# Whether a node is a primary without slots.
is_idle() {
  call "$1" CLUSTER NODES | while read -r _ _ flags _ _ _ _ _ slots; do
    if [ "$flags" = myself,master ] && [ -z "$slots" ]; then echo yes; fi
  done
}

# Sets why (what is waited for; nothing when all is well), fewest (nodes that one knows), keys, idle (replicas to be).
look() {
  why='' fewest=$count keys=0 idle=''
  for node in $nodes; do
    if ! info=$(call "$node" CLUSTER INFO) || ! size=$(call "$node" DBSIZE) ||
      ! replication=$(call "$node" INFO replication); then
      why="$node does not answer" fewest=$count idle=''
      return
    fi
    known=$(field cluster_known_nodes "$info")
    if [ "$known" -lt "$fewest" ]; then fewest=$known; fi
    if [ "$size" -gt "$keys" ]; then keys=$size; fi
    state=$(field cluster_state "$info")
    if [ "$state" != ok ]; then why="$node: cluster_state is $state"; fi
    if [ "$(field role "$replication")" = slave ] && [ "$(field master_link_status "$replication")" != up ]; then
      why="$node: not in sync with its primary"
    fi
  done
  if [ "$keys" = 0 ]; then
    for pair in $REPLICAS; do idle="$idle$(is_idle "\${pair%%=*}")"; done
  fi
}

form() {
  echo "making a cluster of $nodes"
  index=0
  for node in $PRIMARIES; do
    first=$(((2 * index * SLOTS + primary_count) / (2 * primary_count)))
    index=$((index + 1))
    last=$(((2 * index * SLOTS + primary_count) / (2 * primary_count) - 1))
    call "$node" CLUSTER ADDSLOTSRANGE "$first" "$last" >/dev/null
    call "$node" CLUSTER SET-CONFIG-EPOCH "$index" >/dev/null
  done
  for node in $nodes; do
    if [ "$node" != "$seed" ]; then call "$seed" CLUSTER MEET "\${node%:*}" "\${node##*:}" >/dev/null; fi
  done
  for pair in $REPLICAS; do
    id=$(call "\${pair#*=}" CLUSTER MYID)
    # It must have heard of its primary first.
    left=50
    until call "\${pair%%=*}" CLUSTER REPLICATE "$id" >/dev/null || [ "$left" = 0 ]; do
      left=$((left - 1))
      sleep 0.2
    done
  done
}

said='' try=0
while [ "$try" -lt "$TRIES" ]; do
  try=$((try + 1))
  look
  if [ "$fewest" -lt "$count" ] || [ -n "$idle" ]; then
    if [ "$keys" != 0 ]; then
      echo "these nodes hold keys but are not one cluster: they are left as they are"
      exit 1
    fi
    form
  elif [ -z "$why" ]; then
    echo 'the cluster is ready'
    exit 0
  elif [ "$why" != "$said" ]; then
    said=$why
    echo "waiting: $why"
  fi
  sleep 0.5
done
echo "gave up waiting: $why"
exit 1
`

/** What `split.sh` and `restore.sh` share, after the project's own part. */
export const NETWORK_SH = `
# is_in WORD WORDS
is_in() {
  case " $2 " in *" $1 "*) return 0 ;; esac
  return 1
}

network_id() {
  docker network inspect -f '{{.Id}}' "$first_network" 2>/dev/null
}

require_project() {
  network_id >/dev/null && return
  echo "There is no network $first_network: start the project first, see README.md." >&2
  exit 1
}

require_names() {
  for name in "$@"; do
    is_in "$name" "$names" && continue
    echo "$name is not one of: $names" >&2
    exit 2
  done
}

# Sets split: what is cut off. What was noted before the networks were made anew does not count.
read_split() {
  split=
  [ -r "$state" ] || return 0
  { read -r id && read -r noted; } <"$state" || return 0
  if [ "$id" = "$(network_id)" ]; then split=$noted; fi
}

# Joins and leaves networks until exactly what is in split is cut off. May be repeated.
bring_about() {
  # shellcheck disable=SC2086
  joined=" $(docker inspect --type container \\
    -f '{{$name := .Name}}{{range $network, $_ := .NetworkSettings.Networks}}{{$name}}@{{$network}} {{end}}' \\
    $containers)"
  legs | while read -r node container region side network address; do
    wanted=yes
    if is_in "$node" "$split"; then
      wanted=no
    elif [ "$region" != "$side" ] && { is_in "$region" "$split" || is_in "$side" "$split"; }; then
      wanted=no
    fi
    case "$joined" in
      *"/$container@$network "*)
        if [ "$wanted" = no ]; then docker network disconnect "$network" "$container"; fi
        ;;
      *)
        if [ "$wanted" = yes ]; then
          docker network connect --ip "$address" --alias "$node" "$network" "$container"
        fi
        ;;
    esac
  done
  printf '%s\\n' "$(network_id)" "$split" >"$state"
  echo "cut off: \${split:-nothing}"
}
`

const SCRIPT_HEAD = `set -eu
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=network.sh
. "$folder/network.sh"
`

export const SPLIT_SH = `#!/bin/sh
# Cuts nodes or regions off from all others. Clients of this machine still reach every node.
${SCRIPT_HEAD}
if [ $# -eq 0 ] || [ "$1" = -h ] || [ "$1" = --help ]; then
  echo "usage: sh split.sh NAME..."
  echo "Cuts nodes or regions off from all others: a region stays together, each node is alone."
  echo "What is cut off already stays so until restore.sh. Names: $names"
  [ $# -gt 0 ] || exit 2
  exit 0
fi
require_names "$@"
require_project
read_split
for name in "$@"; do
  is_in "$name" "$split" || split="\${split:+$split }$name"
done
bring_about
`

export const RESTORE_SH = `#!/bin/sh
# Undoes split.sh.
${SCRIPT_HEAD}
if [ "\${1-}" = -h ] || [ "\${1-}" = --help ]; then
  echo "usage: sh restore.sh [NAME...]"
  echo "Connects what split.sh cut off: these nodes or regions, or all. Names: $names"
  exit 0
fi
require_names "$@"
require_project
read_split
left=
if [ $# -gt 0 ]; then
  for name in $split; do
    is_in "$name" "$*" || left="\${left:+$left }$name"
  done
fi
split=$left
bring_about
`
