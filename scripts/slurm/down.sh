#!/bin/bash
# Stops, by process id, what up.sh started: cancels its jobs, then the daemons. --purge removes the state too.
# Exit code 1 if one of them is still there.
ROOT=${SLURM_ROOT:-${TMPDIR:-/tmp}/tnthermo-slurm}
# Only ever speak to our own controller.
export SLURM_CONF=$ROOT/slurm.conf
left=0
stop() { # pidfile
  [ -s "$1" ] || return 0
  p=$(cat "$1")
  kill -TERM "$p" 2>/dev/null || { rm -f "$1"; return 0; }
  for i in $(seq 100); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
  if kill -0 "$p" 2>/dev/null; then kill -KILL "$p"; sleep 0.2; fi
  if kill -0 "$p" 2>/dev/null; then echo "slurm: process $p ($1) does not stop" >&2; left=1; else rm -f "$1"; fi
}
if [ -s "$SLURM_CONF" ] && scontrol ping 2>/dev/null | grep -q 'is UP'; then
  ids=$(squeue -h -o %A | sort -u)
  [ -n "$ids" ] && scancel $ids
  for i in $(seq 80); do [ -z "$(squeue -h)" ] && break; sleep 0.25; done
fi
stop "$ROOT/run/slurmd.pid"
stop "$ROOT/run/slurmctld.pid"
stop "$ROOT/run/slurmdbd.pid"
stop "$ROOT/run/mysqld.pid"
if [ -e "$ROOT/run/munged-is-ours" ]; then
  stop /run/munge/munged.pid
  rm -f "$ROOT/run/munged-is-ours"
fi
if [ "${1:-}" = --purge ]; then
  for f in slurm.conf slurmdbd.conf; do
    [ "$(readlink /etc/slurm/$f)" = "$ROOT/$f" ] && rm -f /etc/slurm/$f
  done
  rm -rf "$ROOT"
fi
[ $left = 0 ] && echo "slurm: all stopped"
exit $left
