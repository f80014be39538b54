# fileproc.sh: what the tests share that kill a job of fileproc.  Source it after
# lib.sh.
#
#	$program	syncgate itself, and not libtool's script, whose name a
#			kill would meet
#	$MARK		a word for the environment of a job's processes
#	said WHAT STATUS	count what a Python program has written to `said`

program=$SYNCGATE
if [ -x "$top_builddir/.libs/syncgate" ]; then
	program=$top_builddir/.libs/syncgate
	LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
fi
MARK=syncgate-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')

said() {
	while IFS= read -r line; do
		case $line in
		ok:*) pass "${line#ok: }" ;;
		FAILED:*) fail "${line#FAILED: }" ;;
		*) echo "$line" ;;
		esac
	done <said
	[ "$2" -eq 0 ] || fail "$1: it came to its end (exit $2)"
}
