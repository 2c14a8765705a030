# shellcheck shell=sh
# What bin/dev, bin/test and the others share: saying what is going on, and installing what is missing.
#
# For any POSIX shell that knows `local`; source it, do not run it:
#     . "$(dirname "$0")/lib.sh"
# Every need_* function does nothing when the thing is there. What is installed comes from the system's own package
# manager, and is announced with the reason first. Set SKILLBUDDY_NO_INSTALL=1 to be told what to install instead.

# Says one line of progress. On standard error, so that a script's output stays its own.
say() {
    if [ -t 2 ]; then
        printf '\033[1m==> %s\033[0m\n' "$*" >&2
    else
        printf '==> %s\n' "$*" >&2
    fi
}

# Ends the script with a sentence.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# version_at_least 1.95 1.100.2: is the second version the first, or newer?
version_at_least() {
    printf '%s %s\n' "$1" "$2" | awk '{
        n = split($1, wanted, "."); split($2, given, ".")
        for (i = 1; i <= n; i++) {
            if (given[i] + 0 > wanted[i] + 0) exit 0
            if (given[i] + 0 < wanted[i] + 0) exit 1
        }
    }'
}

# Downloads an address to standard output.
fetch() {
    if has curl; then
        curl --proto '=https' --tlsv1.2 --retry 3 -fsSL "$1"
    elif has wget; then
        wget --https-only -qO- "$1"
    else
        install_packages "a program that downloads" apt:curl,ca-certificates dnf:curl apk:curl pacman:curl \
            zypper:curl brew:curl
        curl --proto '=https' --tlsv1.2 --retry 3 -fsSL "$1"
    fi
}

# ---- packages ----

package_manager() {
    if [ "$(uname -s)" = Darwin ]; then
        if has brew; then echo brew; fi
        return
    fi
    for manager in apt-get dnf apk pacman zypper brew; do
        if has "$manager"; then
            echo "$manager"
            return
        fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    elif has doas; then
        doas "$@"
    else
        fail "installing needs root, and there is neither sudo nor doas. As root, run: $*"
    fi
}

# install_packages REASON apt:PACKAGE[,PACKAGE...] dnf:... apk:... pacman:... zypper:... brew:...
# Installs the packages named for this system's package manager.
install_packages() {
    local reason manager key packages entry
    reason=$1
    shift
    manager=$(package_manager)
    [ -n "$manager" ] || fail "please install $reason; this system has no package manager that I know" \
        "(apt-get, dnf, apk, pacman, zypper, brew)"
    key=${manager%-get}
    packages=
    for entry in "$@"; do
        case $entry in
        "$key":*) packages=$(printf %s "${entry#*:}" | tr , ' ') ;;
        esac
    done
    [ -n "$packages" ] || fail "please install $reason; I do not know its package for $manager"
    [ -z "${SKILLBUDDY_NO_INSTALL:-}" ] || fail "missing: $reason. Install with $manager: $packages"
    say "Installing $packages with $manager: $reason"
    # The names are words on purpose.
    # shellcheck disable=SC2086
    run_package_manager "$manager" $packages || fail "$manager could not install $packages ($reason)"
}

run_package_manager() {
    local manager
    manager=$1
    shift
    case $manager in
    apt-get)
        # Once per run; a fresh container has no lists at all.
        if [ -z "${APT_LISTS_ARE_FRESH:-}" ]; then
            as_root apt-get update -qq && APT_LISTS_ARE_FRESH=1
        fi
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
        ;;
    dnf) as_root dnf install -y -q "$@" >&2 ;;
    apk) as_root apk add --no-cache --quiet "$@" >&2 ;;
    pacman) as_root pacman -Sy --needed --noconfirm --quiet "$@" >&2 ;;
    zypper) as_root zypper --non-interactive --quiet install "$@" >&2 ;;
    # Homebrew refuses root.
    brew) brew install --quiet "$@" >&2 ;;
    esac
}

# ---- a C compiler ----

# Links an empty program: a compiler without the C library's headers is of no use.
c_compiler_works() {
    local out result
    out=$(mktemp)
    echo '#include <stdio.h>
int main(void) { return 0; }' | "${CC:-cc}" -x c -o "$out" - >/dev/null 2>&1
    result=$?
    rm -f "$out"
    return $result
}

need_c_compiler() {
    c_compiler_works && return
    if [ "$(uname -s)" = Darwin ]; then
        fail "a C compiler is needed, for linking and for the cryptography library. Install Apple's: xcode-select --install"
    fi
    install_packages "a C compiler, for linking and for the cryptography library" apt:gcc,libc6-dev dnf:gcc \
        apk:gcc,musl-dev pacman:gcc zypper:gcc brew:gcc
    c_compiler_works || fail "the C compiler ${CC:-cc} does not work even after installing it"
}

# ---- Rust ----

OLDEST_RUST=1.95

rust_is_new_enough() {
    has cargo && has rustc &&
        version_at_least "$OLDEST_RUST" "$(rustc --version 2>/dev/null | awk '{ print $2 }')"
}

# Rust with formatter and linter. Leaves the user's default toolchain and profile files alone.
need_rust() {
    local own
    own=${CARGO_HOME:-$HOME/.cargo}/bin
    has cargo || PATH=$own:$PATH
    rust_is_new_enough && return
    # An old cargo of the distribution may hide the right one.
    PATH=$own:$PATH
    rust_is_new_enough && return
    has rustup || install_rustup
    rust_is_new_enough && return
    say "Installing the current Rust: $OLDEST_RUST or newer is needed"
    rustup toolchain install stable --profile minimal --component clippy,rustfmt --no-self-update >&2 ||
        fail "rustup could not install Rust; check the connection to static.rust-lang.org"
    export RUSTUP_TOOLCHAIN=stable
    rust_is_new_enough || fail "Rust $OLDEST_RUST or newer is needed, but $(rustc --version 2>&1) was found"
}

install_rustup() {
    local script
    [ -z "${SKILLBUDDY_NO_INSTALL:-}" ] || fail "missing: Rust $OLDEST_RUST or newer. See https://rustup.rs"
    say "Installing Rust in ${CARGO_HOME:-$HOME/.cargo} with rustup"
    script=$(mktemp)
    # Not a pipe: half a script must not be run.
    if fetch https://sh.rustup.rs >"$script" &&
        RUSTUP_INIT_SKIP_PATH_CHECK=yes sh "$script" -y --no-modify-path --profile minimal \
            --component clippy,rustfmt >&2; then
        rm -f "$script"
        return
    fi
    rm -f "$script"
    install_packages "rustup, which installs Rust" apt:rustup dnf:rustup apk:rustup pacman:rustup zypper:rustup \
        brew:rustup
    # Some packages bring rustup itself, others only its installer; Homebrew keeps it off the PATH.
    if ! has rustup && has rustup-init; then
        rustup-init -y --no-modify-path --profile minimal --component clippy,rustfmt >&2
    elif has brew && [ -d "$(brew --prefix rustup 2>/dev/null)/bin" ]; then
        PATH=$(brew --prefix rustup)/bin:$PATH
    fi
}

# ---- PostgreSQL ----

OLDEST_POSTGRES=15

# Prints the newest version that the postgres in a directory is, if the directory has all we need.
postgres_version_in() {
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] && [ -x "$1/psql" ] || return 1
    "$1/postgres" --version | awk '{ sub(/[^0-9].*/, "", $3); print $3 }'
}

# Prints the directory of a PostgreSQL that is new enough. Looks where the program itself looks
# (crates/postgres-embedded/src/find.rs).
find_postgres() {
    local dir version rest
    if [ -n "${PG_BIN_DIR:-}" ]; then
        set -- "$PG_BIN_DIR"
    else
        set -- "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
            /usr/lib/postgresql*/bin /usr/libexec/postgresql* /opt/homebrew/opt/postgresql@*/bin \
            /usr/local/opt/postgresql@*/bin /home/linuxbrew/.linuxbrew/opt/postgresql@*/bin \
            /Applications/Postgres.app/Contents/Versions/*/bin
        rest=$PATH:
        while [ -n "$rest" ]; do
            set -- "$@" "${rest%%:*}"
            rest=${rest#*:}
        done
    fi
    for dir in "$@"; do
        version=$(postgres_version_in "$dir") || continue
        if version_at_least "$OLDEST_POSTGRES" "$version"; then
            echo "$dir"
            return
        fi
    done
    return 1
}

# Some systems package the extensions apart. Where they lie can be asked only if pg_config is there.
postgres_has_extensions() {
    local share
    [ -x "$1/pg_config" ] || return 0
    share=$("$1/pg_config" --sharedir) || return 0
    [ -e "$share/extension/btree_gist.control" ]
}

need_postgres() {
    local dir
    if dir=$(find_postgres) && postgres_has_extensions "$dir"; then
        return
    fi
    [ -z "${PG_BIN_DIR:-}" ] ||
        fail "PG_BIN_DIR is $PG_BIN_DIR, but there is no PostgreSQL $OLDEST_POSTGRES or newer with its extensions"
    spare_debian_a_server
    install_packages "PostgreSQL $OLDEST_POSTGRES or newer, of which we run a private copy" apt:postgresql \
        dnf:postgresql-server,postgresql-contrib apk:postgresql,postgresql-contrib pacman:postgresql \
        zypper:postgresql-server,postgresql-contrib brew:postgresql@17
    restore_debian_default
    find_postgres >/dev/null || fail "PostgreSQL $OLDEST_POSTGRES or newer is needed, but this system's package is older." \
        "See https://www.postgresql.org/download/ for newer ones, or set PG_BIN_DIR to the directory with its programs"
}

CREATECLUSTER=/etc/postgresql-common/createcluster.conf

# Debian's package makes and starts a server on port 5432, which nobody has asked for. Its setting against that comes
# with postgresql-common, so that goes first.
spare_debian_a_server() {
    [ "$(package_manager)" = apt-get ] || return 0
    [ -e "$CREATECLUSTER" ] ||
        install_packages "the settings of Debian's PostgreSQL packages" apt:postgresql-common
    # The second case is an earlier run that did not come to its end.
    if [ ! -e "$CREATECLUSTER" ] || [ -e "$CREATECLUSTER.before-skillbuddy" ]; then
        return 0
    fi
    as_root sed -i.before-skillbuddy 's/^#* *create_main_cluster.*/create_main_cluster = false/' "$CREATECLUSTER"
}

restore_debian_default() {
    if [ -e "$CREATECLUSTER.before-skillbuddy" ]; then
        as_root mv "$CREATECLUSTER.before-skillbuddy" "$CREATECLUSTER"
    fi
}

# ---- Python and Node, for tests and clients ----

OLDEST_PYTHON=3.9
OLDEST_NODE=18

python_is_new_enough() {
    has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null &&
        version_at_least "$OLDEST_PYTHON" "$(python3 -c 'import platform; print(platform.python_version())')"
}

# Python that can make virtual environments; Debian packages that part apart.
need_python() {
    python_is_new_enough && return
    install_packages "Python $OLDEST_PYTHON or newer, for tests" apt:python3,python3-venv dnf:python3 \
        apk:python3,py3-pip pacman:python zypper:python3 brew:python
    python_is_new_enough || fail "Python $OLDEST_PYTHON or newer with venv is needed; this system's package is older"
}

node_is_new_enough() {
    has node && has npm && version_at_least "$OLDEST_NODE" "$(node --version | tr -d v)"
}

need_node() {
    node_is_new_enough && return
    install_packages "Node.js $OLDEST_NODE or newer, for tests" apt:nodejs,npm dnf:nodejs,npm apk:nodejs,npm \
        pacman:nodejs,npm zypper:nodejs,npm brew:node
    node_is_new_enough || fail "Node.js $OLDEST_NODE or newer is needed; see https://nodejs.org/en/download"
}

# ---- the test runner ----

need_nextest() {
    cargo nextest --version >/dev/null 2>&1 && return
    [ -z "${SKILLBUDDY_NO_INSTALL:-}" ] || fail "missing: cargo-nextest. Install with: cargo install --locked cargo-nextest"
    say "Installing cargo-nextest, which runs the tests (some minutes, once)"
    # Unoptimised: building it takes half as long, and running it does hardly anything.
    cargo install --quiet --locked --debug cargo-nextest >&2 || fail "cargo could not install cargo-nextest"
}

# ---- Redis ----

# Two servers tell each other of live events over it; where it cannot be had, PostgreSQL carries them.
want_redis() {
    has redis-server && return
    (install_packages "Redis, for live events between two servers" apt:redis-server dnf:redis apk:redis pacman:valkey \
        zypper:redis brew:redis) || say "Going on without Redis"
}

# ---- ClamAV ----

# want_clamd DIRECTORY: puts clamd into the directory of tools, where the scanner's tests look for it. Where it cannot be
# had, they pass without it.
want_clamd() {
    local found
    # With --help it only says what it is; unless a library that it was made for has gone.
    "$1/clamd" --help >/dev/null 2>&1 && return
    if ! found=$(find_clamd); then
        (get_clamd "$1") || say "Going on without clamd"
        found=$(find_clamd "$1/clamav/usr/sbin") || return 0
    fi
    ln -sf "$found" "$1/clamd"
}

# find_clamd [DIRECTORY]: looks there, too. It is a server, so ordinary users may not have it on their PATH.
find_clamd() {
    PATH=${1:+$1:}$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/home/linuxbrew/.linuxbrew/sbin command -v clamd
}

get_clamd() {
    [ -z "${SKILLBUDDY_NO_INSTALL:-}" ] || fail "missing: clamd, a virus scanner for tests"
    if [ "$(package_manager)" = apt-get ]; then
        unpack_debian_clamd "$1/clamav"
    else
        install_packages "clamd, a virus scanner for tests" dnf:clamd apk:clamav-daemon pacman:clamav zypper:clamav \
            brew:clamav
    fi
}

# Debian's package brings a service that downloads signatures day and night, which nobody has asked for. So the program is
# unpacked, and only the libraries that it needs are installed, where they are not there.
unpack_debian_clamd() {
    local libraries
    # Without lists of packages there is nothing to ask about.
    apt-cache show clamav-daemon >/dev/null 2>&1 || as_root apt-get update -qq
    rm -rf "$1"
    mkdir -p "$1"
    # A directory of ours is closed to the user that apt would load it as.
    (cd "$1" && apt-get download -qq -o APT::Sandbox::User=root clamav-daemon >&2 &&
        dpkg -x clamav-daemon_*.deb . && rm clamav-daemon_*.deb) || return
    "$1/usr/sbin/clamd" --help >/dev/null 2>&1 && return
    libraries=$(apt-cache depends clamav-daemon | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' | paste -sd ,)
    [ -n "$libraries" ] || fail "this system has no package clamav-daemon"
    install_packages "libraries of clamd, a virus scanner for tests" "apt:$libraries"
}
