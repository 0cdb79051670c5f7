#!/bin/bash
# A Slurm on this one machine, for the tests marked `slurm` and for trying job scripts. Debian 12 (Slurm 22.05), root,
# a container or a virtual machine of your own; not for a machine that already belongs to a cluster (it refuses).
#   scripts/slurm/up.sh            no accounting (sacct does not work), up in seconds
#   scripts/slurm/up.sh --dbd      with slurmdbd and MariaDB (sacct works), about 35 s the first time
#   scripts/test -m slurm          the tests against it
#   scripts/slurm/down.sh          stops it; --purge removes its state as well
# Idempotent. Its state lives in $SLURM_ROOT (default ${TMPDIR:-/tmp}/tnthermo-slurm; a path without spaces);
# outside of it: the Debian packages, the host's own name in /etc/hosts, a munge key, a link in /etc/slurm.
# $SLURM_CPUS is the number of CPUs it offers (default: all; more than there are is allowed).
set -euo pipefail
ROOT=${SLURM_ROOT:-${TMPDIR:-/tmp}/tnthermo-slurm}
CPUS=${SLURM_CPUS:-$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)}   # nproc heeds these
DBD=0; [ "${1:-}" = --dbd ] && DBD=1
NODE=$(hostname -s)
[ "$(id -u)" = 0 ] || { echo "up.sh needs root: it installs packages and starts the daemons" >&2; exit 2; }
case "$ROOT" in *[[:space:]]*) echo "SLURM_ROOT=$ROOT: slurm.conf cannot hold a path with spaces" >&2; exit 2;; esac
for f in slurm.conf slurmdbd.conf; do
  if [ -e /etc/slurm/$f ] && [ "$(readlink /etc/slurm/$f)" != "$ROOT/$f" ]; then
    echo "/etc/slurm/$f is not ours: this machine has a Slurm of its own; nothing was changed" >&2; exit 2
  fi
done
t0=$(date +%s.%N)

# 1. packages (no service is started: policy-rc.d in containers; harmless elsewhere)
need="munge slurmctld slurmd slurm-client"; [ $DBD = 1 ] && need="$need slurmdbd mariadb-server"
miss=; for p in $need; do dpkg -s "$p" >/dev/null 2>&1 || miss="$miss $p"; done
if [ -n "$miss" ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $miss >/dev/null
fi

# 2. the node's own name must resolve to loopback
getent hosts "$NODE" | grep -q '^127\.' || echo "127.0.0.1 $NODE" >> /etc/hosts

mkdir -p $ROOT/{state,spool,log,run} /etc/slurm /run/munge
chmod 755 $ROOT

# 3. munge: own key, own socket dir; munged refuses group/other-writable dirs on its paths,
#    /tmp (1777, sticky) is allowed, so key and log may stay in the Debian places
[ -s /etc/munge/munge.key ] || { dd if=/dev/urandom bs=1 count=1024 of=/etc/munge/munge.key status=none; }
chown munge:munge /etc/munge/munge.key /run/munge; chmod 400 /etc/munge/munge.key; chmod 755 /run/munge
if ! munge -n 2>/dev/null | unmunge >/dev/null 2>&1; then
  runuser -u munge -- /usr/sbin/munged --force --pid-file=/run/munge/munged.pid
  touch $ROOT/run/munged-is-ours
fi
for i in $(seq 50); do munge -n 2>/dev/null | unmunge >/dev/null 2>&1 && break; sleep 0.1; done

# 4. configuration
MEM=$(( $(awk '/MemTotal/{print $2}' /proc/meminfo) / 1024 * 8 / 10 ))
if [ $DBD = 1 ]; then
  ACCT="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=5"
else
  ACCT="AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none"
fi
cat > $ROOT/slurm.conf <<CONF
ClusterName=laptop
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# how long a requeued job waits before it starts again (the default is two minutes)
AuthInfo=cred_expire=10
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
ReturnToService=2
StateSaveLocation=$ROOT/state
SlurmdSpoolDir=$ROOT/spool
SlurmdParameters=config_overrides
SlurmctldPidFile=$ROOT/run/slurmctld.pid
SlurmdPidFile=$ROOT/run/slurmd.pid
SlurmctldLogFile=$ROOT/log/slurmctld.log
SlurmdLogFile=$ROOT/log/slurmd.log
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=2,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=5
MinJobAge=600
JobCompType=jobcomp/filetxt
JobCompLoc=$ROOT/log/jobcomp.log
JobRequeue=1
MaxArraySize=1001
$ACCT
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEM State=UNKNOWN
PartitionName=debug Nodes=$NODE Default=YES MaxTime=INFINITE DefaultTime=00:10:00 State=UP
CONF
ln -sfn $ROOT/slurm.conf /etc/slurm/slurm.conf

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

if [ $DBD = 1 ]; then
  mkdir -p $ROOT/mysql /run/mysqld; chown mysql:mysql $ROOT/mysql /run/mysqld
  [ -d $ROOT/mysql/mysql ] || mariadb-install-db --user=mysql --datadir=$ROOT/mysql --skip-test-db >/dev/null 2>&1
  if ! alive $ROOT/run/mysqld.pid; then
    chown mysql $ROOT/run
    setsid /usr/sbin/mariadbd --user=mysql --datadir=$ROOT/mysql --bind-address=127.0.0.1 --port=13306 \
      --socket=$ROOT/run/mysqld.sock --pid-file=$ROOT/run/mysqld.pid --innodb-buffer-pool-size=64M \
      >$ROOT/log/mysqld.log 2>&1 </dev/null &
  fi
  for i in $(seq 100); do mariadb -S $ROOT/run/mysqld.sock -e 'select 1' >/dev/null 2>&1 && break; sleep 0.2; done
  mariadb -S $ROOT/run/mysqld.sock -e "create database if not exists slurm_acct_db;
    create user if not exists 'slurm'@'localhost' identified by 'slurm';
    create user if not exists 'slurm'@'127.0.0.1' identified by 'slurm';
    grant all on slurm_acct_db.* to 'slurm'@'localhost'; grant all on slurm_acct_db.* to 'slurm'@'127.0.0.1';"
  cat > $ROOT/slurmdbd.conf <<CONF
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
LogFile=$ROOT/log/slurmdbd.log
PidFile=$ROOT/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
  chmod 600 $ROOT/slurmdbd.conf; ln -sfn $ROOT/slurmdbd.conf /etc/slurm/slurmdbd.conf
  echo "AccountingStoragePort=16819" >> $ROOT/slurm.conf
  alive $ROOT/run/slurmdbd.pid || slurmdbd
  for i in $(seq 100); do sacctmgr -n -i list cluster >/dev/null 2>&1 && break; sleep 0.2; done
  sacctmgr -n list cluster format=cluster | grep -qw laptop || sacctmgr -i -Q add cluster laptop >/dev/null
fi

# 5. daemons (both daemonise themselves and write pid files)
alive $ROOT/run/slurmctld.pid || slurmctld -f $ROOT/slurm.conf
for i in $(seq 100); do scontrol ping 2>/dev/null | grep -q 'is UP' && break; sleep 0.1; done
alive $ROOT/run/slurmd.pid || slurmd -f $ROOT/slurm.conf
for i in $(seq 100); do sinfo -h -o %t 2>/dev/null | grep -qE '^(idle|mix|alloc)$' && break; sleep 0.1; done
# a node left down/drained by an earlier hard stop
sinfo -h -o %t | grep -qE '^(idle|mix|alloc)$' || scontrol update NodeName=$NODE State=RESUME || true
sinfo
printf 'up in %.1f s\n' "$(echo "$(date +%s.%N) - $t0" | bc 2>/dev/null || python3 -c "import time;print(time.time()-$t0)")"
