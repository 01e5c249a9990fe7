#!/usr/bin/env bash
# The far side of deploy.sh: what runs on the machine that gets a release. Once begun it needs nobody who listens: it ends with the
# new release healthy, or with the one before serving again, and leaves its outcome where `deploy.sh HOST --status` finds it.
#
#   $root/releases/NAME   a release, complete or not there
#   $root/current         what the service runs
#   $root/good            what was found healthy last: what a failed deployment goes back to
#   $root/previous        what was good before that: what --rollback goes to
#   $root/outcome         the last deployment: state, release, time; then why
#   $root/log             what it said
#   $root/incoming        what is being copied; counts for nothing
set -euo pipefail
umask 022

root=${DEPLOY_ROOT:-/opt/maru}
settings=${DEPLOY_SETTINGS:-/etc/maru/maru.env}
owner=${DEPLOY_OWNER-maru}
keep=${DEPLOY_KEEP:-3}
wait=${DEPLOY_WAIT:-60s}
steady=${DEPLOY_STEADY:-25}
backup=${DEPLOY_BACKUP:-yes}
backups=${DEPLOY_BACKUPS:-/var/backups/maru}
unit=${DEPLOY_UNIT-/etc/systemd/system/maru.service}
restart=${DEPLOY_RESTART:-systemctl daemon-reload && systemctl enable --quiet maru && systemctl restart maru}
stop=${DEPLOY_STOP:-systemctl stop maru}
logs=${DEPLOY_LOGS:-journalctl --unit maru --lines 20 --no-pager --output cat}

here=$(dirname "$0")
locked=

say() { printf '%s\n' "$*"; }

release() { # LINK: the name of the release that it leads to, or nothing
	local to
	to=$(readlink "$root/$1" 2>/dev/null) && basename "$to"
}

link() { # LINK NAME: atomically, whatever dies
	ln -sfn "releases/$2" "$root/.$1" && mv -fT "$root/.$1" "$root/$1"
}

# --- The outcome

conclude() { # STATE NAME WHY
	printf '%s\n' "$1" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$3" >"$root/.outcome"
	sync "$root/.outcome"
	mv -f "$root/.outcome" "$root/outcome"
}

unchanged() { # NAME WHY: nothing was switched yet
	say "$2. Nothing was changed."
	conclude "not changed" "$1" "$2"
	exit 1
}

# --- The service

# What the program runs with: the unit's own settings, then those of the file. A line is KEY=VALUE and nothing in it is expanded,
# as systemd reads it; quotes around the whole value are dropped.
with_settings() {
	(
		cd /
		export MARU_DATA=/var/lib/maru
		if [ -e "$settings" ]; then
			while IFS= read -r line || [ -n "$line" ]; do
				[[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
				key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
				case $value in \"*\" | \'*\') value=${value:1:-1} ;; esac
				export "$key=$value"
			done <"$settings"
		fi
		"$@"
	)
}

as_owner() { # what the owner of the data may do, so that none of its files becomes root's
	if [ "$(id -u)" = 0 ] && [ -n "$owner" ]; then
		setpriv --reuid "$owner" --regid "$owner" --init-groups -- "$@"
	else
		"$@"
	fi
}

# The lock is not for what outlives the deployment.
run() { timeout 300 bash -c "$1" 9>&- </dev/null; }

# A program that comes up, falls and is started again is ready now and then: so it is asked for a while.
healthy() {
	local i
	with_settings "$root/current/maru" ready --wait "$wait" || return 1
	for ((i = 0; i < steady; i++)); do
		sleep 0.2
		with_settings "$root/current/maru" ready >/dev/null || return 1
	done
}

use() { # NAME: switch to a release, with the unit that it brings, and see whether it works
	link current "$1" || return 1
	if [ -n "$unit" ] && [ -e "$root/current/maru.service" ]; then
		install -m 644 "$root/current/maru.service" "$unit.new" && mv -f "$unit.new" "$unit" || return 1
	fi
	if ! run "$restart"; then
		say "It cannot be started."
		return 1
	fi
	healthy
}

# --- A deployment

lock() {
	mkdir -p "$root/releases" "$root/incoming"
	exec 9>"$root/lock"
	if ! flock --nonblock 9; then
		say "Another deployment is under way on this machine: deploy.sh HOST --status waits for its end."
		exit 1
	fi
	locked=yes
	# What connections left that were lost while copying: others may be copying now.
	find "$root/incoming" -mindepth 1 -maxdepth 1 -mmin +60 -exec rm -rf {} +
	if [ "$(head -n 1 "$root/outcome" 2>/dev/null)" = "under way" ]; then
		say "The last deployment, of $(sed -n 2p "$root/outcome"), was cut off with this machine. Going back would lead to $(release good || echo nothing)."
	fi
}

unpack() { # NAME FILE SUM
	local fresh
	if [ "$(sha256sum <"$here/$2" | cut -d ' ' -f 1)" != "$3" ]; then
		unchanged "$1" "What arrived is not what was sent: its SHA-256 is another one"
	fi
	fresh=$(mktemp -d "$root/releases/.XXXXXXXX")
	case $2 in
	*.tar.gz) tar -xzf "$here/$2" --no-same-owner -C "$fresh" ;;
	*) install -m 755 "$here/$2" "$fresh/maru" ;;
	esac || unchanged "$1" "It cannot be unpacked"
	say "$3" >"$fresh/sha256"
	chmod 755 "$fresh"
	sync "$fresh/maru" || unchanged "$1" "There is no program in it"
	"$fresh/maru" version </dev/null || unchanged "$1" "It does not run on this machine ($(uname -sm))"
	if [ ! -e "$root/releases/$1" ]; then
		mv -T "$fresh" "$root/releases/$1"
	elif [ "$(cat "$root/releases/$1/sha256")" = "$3" ]; then
		touch "$root/releases/$1"
	else
		unchanged "$1" "Something else is installed under the name $1: a release never changes"
	fi
}

# Before the first program that may change the database.
back_up() { # NAME
	local old file
	old=$(release good) || return 0
	[ "$backup" = yes ] || return 0
	if ! "$root/releases/$old/maru" backup --help >/dev/null 2>&1; then
		say "$old cannot make a backup; going on without."
		return 0
	fi
	mkdir -p "$backups"
	chmod 700 "$backups"
	if [ "$(id -u)" = 0 ] && [ -n "$owner" ]; then chown "$owner:" "$backups"; fi
	file="$backups/$(date -u +%Y%m%dT%H%M%SZ)-before-$1"
	as_owner true || unchanged "$1" "There is no user $owner on this machine"
	with_settings as_owner "$root/releases/$old/maru" backup "$file" ||
		unchanged "$1" "The backup failed (DEPLOY_BACKUP=no goes on without)"
	oldest_first "$backups" | head -n "-$keep" | while IFS= read -r file; do rm -f "$backups/$file"; done
}

oldest_first() { find "$1" -mindepth 1 -maxdepth 1 ! -name '.*' -printf '%T@ %f\n' | sort -n | cut -d ' ' -f 2-; }

forget_old() {
	local name
	oldest_first "$root/releases" | head -n "-$keep" | while IFS= read -r name; do
		case $name in "$(release current)" | "$(release good)" | "$(release previous)") continue ;; esac
		rm -rf "${root:?}/releases/$name"
	done
}

go_back() { # NAME
	local old why="$1 was not healthy"
	say "$why. Its last lines:"
	{ run "$logs" 2>&1 || true; } | tail -n 20 | sed 's/^/  | /'
	if ! old=$(release good); then
		run "$stop" || true
		rm -f "$root/current"
		say "There is no release to go back to; Maru is stopped."
		conclude stopped "$1" "$why, and there was none before it"
	elif use "$old"; then
		say "Rolled back: $old serves."
		conclude "rolled back" "$1" "$why; $old serves again"
	else
		say "ROLLED BACK, AND $old IS NOT HEALTHY EITHER. See to this machine; the backups are in $backups."
		conclude broken "$1" "neither it nor $old is healthy"
	fi
	exit 1
}

change_to() { # NAME
	local was
	say "Switching to $1."
	if ! use "$1"; then go_back "$1"; fi
	was=$(release good) || true
	if [ -n "$was" ] && [ "$was" != "$1" ]; then link previous "$was"; fi
	link good "$1"
	forget_old
	say "$1 is healthy."
	conclude healthy "$1" "it serves"
}

deploy() { # NAME FILE SUM [again]
	lock
	conclude "under way" "$1" ""
	unpack "$1" "$2" "$3"
	if [ "${4-}" != again ]; then back_up "$1"; fi
	change_to "$1"
}

roll_back() {
	local to
	lock
	# Where the last deployment was cut off, what was good is not what runs.
	to=$(release good) || true
	if [ "$to" = "$(release current)" ]; then to=$(release previous) || true; fi
	if [ -z "$to" ] || [ ! -e "$root/releases/$to" ]; then
		say "There is no release on this machine to go back to."
		exit 1
	fi
	conclude "under way" "$to" ""
	change_to "$to"
}

status() {
	if [ ! -e "$root/lock" ]; then
		say "Nothing was deployed here yet."
		return 1
	fi
	exec 9<"$root/lock"
	if ! flock --nonblock 9; then
		say "A deployment is under way; waiting for its end."
		flock --timeout 900 9 || return 1
	fi
	exec 9<&-
	if [ -e "$root/outcome" ]; then
		{
			read -r state
			read -r name
			read -r at
			IFS= read -r why || true
		} <"$root/outcome"
		if [ "$state" = "under way" ]; then state="cut off" why="this machine ended meanwhile; the next deployment sees to it"; fi
		say "Last deployment: $name, $state ($at): $why."
	fi
	say "Runs: $(release current || echo nothing). Before: $(release previous || echo nothing)."
	[ -e "$root/current" ] && with_settings "$root/current/maru" ready
}

end() {
	if [ "$(head -n 1 "$root/outcome" 2>/dev/null)" = "under way" ] && [ -n "$locked" ]; then
		say "It ended before its end: $root/log says where."
		conclude failed "$(sed -n 2p "$root/outcome")" "it ended before its end, see $root/log"
	fi
	if [ -n "$locked" ]; then
		cp -f "$here/log" "$root/log"
		rm -rf "$root"/releases/.[!.]*
	fi
	rm -rf "$here"
}

# Begins in a session of its own, and shows what is said there for as long as the connection lasts.
begin() {
	local deployment
	: >"$here/log"
	setsid bash "$0" "$@" >"$here/log" 2>&1 </dev/null &
	deployment=$!
	tail --pid "$deployment" --sleep-interval 0.1 --lines +1 --follow "$here/log"
	wait "$deployment"
}

case $1 in
begin)
	shift
	begin "$@"
	;;
deploy | roll_back)
	trap end EXIT
	"$@"
	;;
status) status ;;
esac
