#!/bin/sh
# Starts a Slurm cluster of one node on this machine, runs a command with it, and stops it.
#
#   examples/slurm/one-node.sh sinfo
#   examples/slurm/one-node.sh examples/slurm/submit.sh 8 all.csv sweep --vary server.drop=0..0.5/0.1
#
# Needs Debian's slurmctld, slurmd, slurm-client and munge, but neither root nor a running service.
# Everything is in a temporary folder, which is removed. Two ports of 127.0.0.1 must be free.
set -eu
export PATH="$PATH:/usr/sbin"
folder=$(mktemp -d /tmp/one-node.XXXXXX)
daemons=
export SLURM_CONF="$folder/slurm.conf"

# Starts a daemon. It ends if this script is killed, but does not receive the signals of its terminal: it
# must be there to stop the jobs.
start() {
    log="$folder/$(basename "$1").log"
    setsid setpriv --pdeathsig TERM "$@" >"$log" 2>&1 &
    daemons="$! $daemons"
}

# Cancels the jobs, waits until they have ended, and stops the daemons.
stop() {
    timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 50); do
        [ "$(timeout 5 squeue --noheader 2>/dev/null)" ] || break
        sleep 0.2
    done
    for daemon in $daemons; do
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" || true
    done
    rm -rf "$folder"
}

# Waits up to 30 s until a command succeeds, unless a daemon ends.
await() {
    end=$(($(date +%s) + 30))
    until "$@"; do
        running=yes
        for daemon in $daemons; do
            kill -0 "$daemon" 2>/dev/null || running=no
        done
        if [ $running = no ] || [ "$(date +%s)" -ge $end ]; then
            echo "error: the cluster does not start: \`$*\` failed; the output of its daemons:" >&2
            tail -n 5 "$folder"/*.log >&2
            exit 1
        fi
        sleep 0.2
    done
}

can_authenticate() {
    munge --no-input --socket="$folder/munge.socket" >/dev/null 2>&1
}

is_idle() {
    [ "$(timeout 5 sinfo --noheader --format=%t 2>/dev/null)" = idle ]
}

cat >"$SLURM_CONF" <<END
ClusterName=one-node
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$folder/munge.socket
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
# Control groups need root and are not available in containers.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
# Short jobs start one after another without a pause.
SchedulerParameters=sched_interval=1,batch_sched_delay=1
ReturnToService=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES State=UP
END
trap stop EXIT
trap 'exit 1' HUP INT TERM
mkdir "$folder/state" "$folder/spool"
head -c 1024 /dev/urandom >"$folder/munge.key"
chmod 600 "$folder/munge.key"
start munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --seed-file="$folder/munge.seed" --log-file="$folder/munged.log"
await can_authenticate
start slurmctld -D
start slurmd -D -N localhost
await is_idle
"$@"
