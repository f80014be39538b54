# fileproc.sh: what the tests share that kill a job of fileproc.  Source it after
# lib.sh.
#
#	$MARK		a word for the environment of a job's processes
#	said WHAT STATUS	count what a Python program has written to `said`

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
