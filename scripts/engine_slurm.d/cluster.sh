# A Slurm of one node on this computer: munged, slurmctld and slurmd from the distribution's packages, started without systemd,
# all they write in one folder.  For bash: cluster_install; cluster_start FOLDER; ...; cluster_stop.

cluster_say() { printf 'engine_slurm: %s\n' "$*" >&2; }

# 77 is what test runners read as "skipped".
cluster_skip() { cluster_say "skipped: $*"; exit 77; }

PATH=$PATH:/usr/sbin:/sbin

cluster_install() {
  [ "$(id -u)" -eq 0 ] || cluster_skip "needs root: slurmd starts jobs as their owner"
  if command -v munged slurmctld slurmd sbatch >/dev/null; then return; fi
  command -v apt-get >/dev/null || cluster_skip "Slurm is not installed and there is no apt-get"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -q -y --no-install-recommends slurmctld slurmd slurm-client munge; } \
    </dev/null >/dev/null 2>&1 || cluster_skip "apt-get could not install slurmctld slurmd slurm-client munge"
}

# Runs a daemon in a session of its own, so that Ctrl-C reaches the script first.
cluster_daemon() {
  local name=$1
  shift
  (cd "$cluster" && exec setsid "$@" </dev/null >"$cluster/log/$name.out" 2>&1) &
  echo $! >"$cluster/$name.pid"
}

# cluster_until DAEMON COMMAND...: waits until the command works.
cluster_until() {
  local name=$1
  shift
  for _ in $(seq 150); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  cluster_say "$name did not come up:"
  tail -n 15 "$cluster/log/$name.out" >&2
  return 1
}

cluster_ready() { sinfo -h -o %T | grep -qE 'idle|mixed|allocated'; }

cluster_start() {
  cluster=$(cd "$1" && pwd)
  local name host
  # A surrounding cluster's settings must not leak into this one.
  for name in $(compgen -e | grep -E '^(SLURM|SBATCH|SQUEUE|SINFO|SCANCEL|MUNGE)'); do unset "$name"; done
  mkdir -p "$cluster"/{munge,state,spool,run,log}
  # munged refuses a socket in a folder that others cannot enter, and a key that others can read.
  chmod 0755 "$cluster" "$cluster/munge"
  (umask 077 && head -c 1024 /dev/urandom >"$cluster/munge/key")
  host=$(uname -n)
  host=${host%%.*}
  # A requeued job is held for cred_expire, 120 s where that is below 5.  Nothing needs cgroups; the plugin is set up all the
  # same, and without a mount point touches nothing.
  cat >"$cluster/slurm.conf" <<CONF
ClusterName=engine
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$((20000 + RANDOM % 5000))
SlurmdPort=$((25000 + RANDOM % 5000))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/run/slurmctld.pid
SlurmdPidFile=$cluster/run/slurmd.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd.log
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,sched_min_interval=0,batch_sched_delay=0,bf_interval=2
PriorityType=priority/basic
MinJobAge=86400
KillWait=3
CompleteWait=0
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=/nonexistent\n' >"$cluster/cgroup.conf"
  export SLURM_CONF=$cluster/slurm.conf
  cluster_daemon munged munged --foreground --socket="$cluster/munge/socket" --key-file="$cluster/munge/key" \
    --seed-file="$cluster/munge/seed" --log-file="$cluster/log/munged.log" --pid-file="$cluster/run/munged.pid"
  cluster_until munged munge -n -S "$cluster/munge/socket"
  cluster_daemon slurmctld slurmctld -D -c -f "$SLURM_CONF"
  cluster_until slurmctld scontrol ping
  cluster_daemon slurmd slurmd -D -f "$SLURM_CONF"
  cluster_until slurmd cluster_ready
}

# Jobs first: once slurmd is gone nobody would end them.
cluster_stop() {
  [ -n "${SLURM_CONF:-}" ] || return 0
  local name
  timeout 20 scancel --user=root >/dev/null 2>&1 || true
  for name in slurmd slurmctld munged; do
    if [ -f "$cluster/$name.pid" ]; then kill "$(cat "$cluster/$name.pid")" 2>/dev/null || true; fi
  done
  wait 2>/dev/null || true
}

# cluster_state JOB: the states of a job's tasks, one a line.
cluster_state() { scontrol -o show job "$1" | grep -o ' JobState=[A-Z_]*' | cut -d= -f2; }
