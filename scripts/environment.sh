# Sourced by scripts/run, scripts/test and .ci/run; bash 3.2 or newer.
#
# Leaves behind: $root (the checkout), $python (the environment's Python) and one BLAS thread for each process.
# The environment is .venv in the checkout: tnthermo installed editable with all extras, every version pinned by
# requirements.lock. It is made once and brought up to date when pyproject.toml or the lock change. $PYTHON names
# the interpreter to make it with; to change it later, remove .venv.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
python="$root/.venv/bin/python"

newest_locked=14        # the pins of requirements.lock have wheels for Python 3.11 to 3.this

say() { printf '%s\n' "$*" >&2; }

# Is $1 a Python of at least 3.11 that can make environments?
suitable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        if suitable "$PYTHON"; then printf '%s' "$PYTHON"; return 0; fi
        say "PYTHON=$PYTHON is not a Python 3.11 or newer with the modules venv and ensurepip."
        return 1
    fi
    for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if suitable "$candidate"; then printf '%s' "$candidate"; return 0; fi
    done
    say "No Python 3.11 or newer with the modules venv and ensurepip was found."
    say "Install one (on Debian and Ubuntu venv is a package of its own, python3-venv), or name it: PYTHON=/path/to/python3"
    return 1
}

# stage "what is done" command...: one line with its time; the command's output is shown only if it fails.
stage() {
    local what="$1" log start
    shift
    log="$(mktemp)"
    start=$SECONDS
    printf '%s ... ' "$what" >&2
    if "$@" >"$log" 2>&1 </dev/null; then
        say "$((SECONDS - start)) s"
        rm -f "$log"
    else
        say "failed after $((SECONDS - start)) s:"
        tail -n 40 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

prepare_environment() {
    local stamp="$root/.venv/tnthermo-stamp" wanted base minor
    # First line where, second line from what: an environment does not survive being moved.
    wanted="$root
$(cat "$root/pyproject.toml" "$root/requirements.lock" | cksum)"
    if [ -x "$python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return 0; fi

    if [ ! -f "$stamp" ] || [ "$(head -n 1 "$stamp")" != "$root" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
        base="$(find_python)" || return 1
        stage "making .venv with $("$base" --version)" "$base" -m venv --clear "$root/.venv" || return 1
    fi
    rm -f "$stamp"
    minor="$("$python" -c 'import sys; print(sys.version_info.minor)')"
    if [ "$minor" -le "$newest_locked" ]; then
        stage "installing tnthermo and its libraries as in requirements.lock (the first time: about a minute)" \
            "$python" -m pip install --disable-pip-version-check -c "$root/requirements.lock" \
            -e "$root[slurm,report,test,dev]" || return 1
    else
        say "Python 3.$minor is newer than requirements.lock knows: its pins are left aside, results may differ in the last digits."
        stage "installing tnthermo and the newest libraries" \
            "$python" -m pip install --disable-pip-version-check -e "$root[slurm,report,test,dev]" || return 1
    fi
    printf '%s\n' "$wanted" >"$stamp"
}

# A cluster's modules often set these; they would put other versions in front of the pinned ones.
unset PYTHONPATH PYTHONHOME

# Two commands started together: the second waits for the first to finish the set-up.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$root/.venv.lock"
    flock 9
    prepare_environment 9>&- || exit 1
    exec 9>&-
else
    prepare_environment || exit 1
fi

# The tensors are small: BLAS threads cost more than they bring, and several processes would fight for the cores.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
export MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
