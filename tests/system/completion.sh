#!/bin/sh
# What the shells offer: commands, options, jobs, plugins, a plugin's options.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$tmp" || exit 2
cat >c.conf <<EOT
job nightly {
    plugin = rsync
    source = "/a"
    targets = "/b"
}
job hourly {
    plugin = rsync
    source = "/a"
    targets = "/c"
}
EOT
PATH=$(dirname "$SYNCGATE"):$PATH
export PATH

# in_bash WORD...: what bash offers for the last one.
cat >in.bash <<'EOT'
compopt() { printf 'compopt %s\n' "$*"; }
. "$1"
shift
[ "$(complete -p syncgate)" = "complete -F _syncgate syncgate" ] || exit 1
COMP_WORDS=(syncgate "$@")
COMP_CWORD=$#
_syncgate
[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
EOT
in_bash() {
	bash in.bash "$top_srcdir/conf/completion/syncgate" "$@"
}

# in_zsh WORD...: the same by zsh, whose own functions are replaced by what
# shows how they are called.
cat >in.zsh <<'EOT'
_files() { print -r -- compopt -o default; }
compadd() {
	[[ $1 = -S ]] && { print -r -- compopt -o nospace; shift 2; }
	shift
	print -rl -- "$@"
}
fpath=(${1:h} $fpath)
shift
words=(syncgate "$@")
CURRENT=${#words}
autoload -U _syncgate
_syncgate
EOT
in_zsh() {
	zsh -f in.zsh "$top_srcdir/conf/completion/_syncgate" "$@"
}

# offers WHAT EXPECTED WORD...: lines, with blanks between them here.
offers() {
	what=$1
	expected=$2
	shift 2
	for shell in bash zsh; do
		check_equal "$shell offers $what" "$expected" \
		    "$(in_$shell "$@" | tr '\n' ' ' | sed 's/ $//')"
	done
}

offers "commands" "promote poke pause plugins" p
offers "commands for help" "promote poke pause plugins" help p
offers "commands to be helped with" "run resume reset reload retry" help r
offers "options" "--plugin --plugin-dir" run --plu
offers "the jobs of a file" "nightly hourly" run -c c.conf ""
offers "jobs whose runs are to be listed" "hourly" history -c c.conf h
offers "the jobs that begin so" "hourly" status --config c.conf h
offers "jobs, and levels behind them" "nightly hourly debug info warning default" \
    loglevel -c c.conf nightly ""
offers "plugins" "rsync" run --plugin r
offers "the plugins of the list" "svnhotsync" plugins s
offers "a plugin's options" "compopt -o nospace size-only=" \
    run --plugin rsync -P "$SYNCGATE_PLUGIN_DIR" si
offers "files for the value of an option" "compopt -o default" run -c c
offers "files behind a program" "compopt -o default" exec --on popen
offers "files where the configuration is wrong" "compopt -o default" \
    run -c none.conf ""
offers "files for what is no command" "compopt -o default" nonsense x
check_equal "all commands are offered" \
    "$("$SYNCGATE" --help | awk '/^  [a-z]+  / { print $1 }' | sort)" \
    "$("$SYNCGATE" complete "" | sort)"
finish
