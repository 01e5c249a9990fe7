#!/usr/bin/env bash
# Installs a release on machines over SSH, one after the other, sees whether it is healthy, and has a machine go back by itself to
# the release before where it is not. What happens on the machine is far.sh, which a lost connection does not stop.
set -euo pipefail

usage() {
	cat <<'TEXT'
deploy.sh HOST[,HOST…] RELEASE       install a release and switch to it; the first machine that fails is the last one tried
deploy.sh HOST[,HOST…] --rollback    go back to the release before (a second time: forth again)
deploy.sh HOST[,HOST…] --status      what runs, and how the last deployment ended; waits for one that is under way

HOST is what ssh understands: web1, admin@203.0.113.7. RELEASE is a file of a release (maru_v1.2.3_linux_amd64.tar.gz), the folder that
they are in (each machine gets the one of its kind), or a program alone. Where SHA256SUMS lies beside it, it must agree.

Variables, with what they are where they are not set:
  DEPLOY_SSH='ssh -o BatchMode=yes …'  how to get there
  DEPLOY_SUDO='sudo -n'                how to become root there; empty for a user who may do all of it
  DEPLOY_ROOT=/opt/maru                where releases are
  DEPLOY_SETTINGS=/etc/maru/maru.env   what Maru is started with
  DEPLOY_OWNER=maru                    whose its data are
  DEPLOY_KEEP=3                        how many releases, and backups, are kept
  DEPLOY_WAIT=60s                      how long it may take to be ready
  DEPLOY_STEADY=25                     how often, a fifth of a second apart, it must be ready after that
  DEPLOY_BACKUP=yes                    `maru backup` on the first machine before anything changes; no for none
  DEPLOY_BACKUPS=/var/backups/maru     where to
  DEPLOY_UNIT=/etc/systemd/system/maru.service   where the release's unit goes; empty to leave yours alone
  DEPLOY_RESTART, DEPLOY_STOP, DEPLOY_LOGS       the service's commands: systemctl and journalctl
TEXT
}

fail() {
	printf 'deploy: %s\n' "$*" >&2
	exit 1
}

case ${1-} in
-h | --help)
	usage
	exit
	;;
esac
if [ $# != 2 ]; then
	usage >&2
	exit 2
fi
IFS=, read -ra hosts <<<"$1"
what=$2

read -ra ssh <<<"${DEPLOY_SSH:-ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=4}"
sudo=${DEPLOY_SUDO-sudo -n}
root=${DEPLOY_ROOT:-/opt/maru}
far=$(dirname "$0")/far.sh

quote() { # for any shell
	local word
	for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done
}

# The settings that the far side has defaults for go along where they are set here.
settings() {
	local name
	for name in ROOT SETTINGS OWNER KEEP WAIT STEADY BACKUP BACKUPS UNIT RESTART STOP LOGS; do
		name=DEPLOY_$name
		if [ -n "${!name+set}" ]; then quote "$name=${!name}"; fi
	done
}

there() { # HOST WORDS…: run them on the machine, with the settings, as root
	local host=$1
	shift
	"${ssh[@]}" -- "$host" "$sudo env$(settings)$(quote "$@")"
}

sum_of() { { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d ' ' -f 1; }

# check sets file, name and sum of what is to be sent to a machine.
check() { # HOST
	local kind sums
	file=$what
	if [ -d "$what" ]; then
		kind=$(there "$1" uname -m) || fail "$1: no connection"
		case $kind in
		x86_64) kind=amd64 ;;
		aarch64 | arm64) kind=arm64 ;;
		esac
		file=$(find "$what" -maxdepth 1 -name "maru_*_linux_$kind.tar.gz")
		if [ ! -f "$file" ]; then fail "$what: holds no release for $1 (linux/$kind), or several"; fi
	fi
	[ -f "$file" ] || fail "$file: there is no such release"
	sum=$(sum_of "$file")
	sums=$(dirname "$file")/SHA256SUMS
	if [ -e "$sums" ] && ! grep -qxF "$sum  $(basename "$file")" "$sums"; then
		fail "$file is not what $sums says: fetch both again"
	fi
	if [[ $(basename "$file") =~ ^maru_([0-9A-Za-z][0-9A-Za-z.+-]*)_linux_[0-9a-z]+\.tar\.gz$ ]]; then
		name=${BASH_REMATCH[1]}
	else
		name=${sum:0:12}
	fi
}

# send copies files into a folder of their own, which counts for nothing until far.sh is begun there, and prints its path.
send() { # HOST FILE…
	local host=$1 stage
	shift
	stage=$(mktemp -d)
	for file in "$@"; do ln -s "$(cd "$(dirname "$file")" && pwd)/$(basename "$file")" "$stage/"; done
	# shellcheck disable=SC2016 # it is expanded there
	tar --create --dereference --file - -C "$stage" . |
		there "$host" bash -c 'set -euo pipefail; umask 022; mkdir -p "$0/incoming"; d=$(mktemp -d "$0/incoming/XXXXXXXX"); tar -x -C "$d" -f - --no-same-owner || { rm -rf "$d"; exit 1; }; echo "$d"' "$root" ||
		{ rm -rf "$stage"; return 1; }
	rm -rf "$stage"
}

begin() { # HOST FOLDER WORDS…
	local host=$1 folder=$2 code=0
	shift 2
	there "$host" bash "$folder/far.sh" begin "$@" || code=$?
	case $code in
	0) return ;;
	255) fail "$host: the connection was lost. What has begun there goes on by itself and ends healthy or rolled back; deploy.sh $host --status says which" ;;
	*) fail "$host: not deployed" ;;
	esac
}

deploy() { # HOST [again]
	local folder
	check "$1"
	echo "$1: sending $name"
	folder=$(send "$1" "$far" "$file") || fail "$1: the release did not get there; nothing was changed"
	begin "$1" "$folder" deploy "$name" "$(basename "$file")" "$sum" "${2-}"
}

roll_back() { # HOST
	local folder
	folder=$(send "$1" "$far") || fail "$1: no connection; nothing was changed"
	begin "$1" "$folder" roll_back
}

status() { # HOST
	echo "$1:"
	there "$1" bash -s -- status <"$far"
}

code=0
again=
for host in "${hosts[@]}"; do
	case $what in
	--rollback) roll_back "$host" ;;
	--status) status "$host" || code=1 ;;
	-*) fail "$what: no such thing; --help says what there is" ;;
	*) deploy "$host" $again ;;
	esac
	again=again
done
exit $code
