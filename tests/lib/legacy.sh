#!/bin/sh
# legacy.sh FOLDER [SUFFIX]: a system of the kind that cannot be changed.  It
# looks into FOLDER/in every tenth of a second, makes FOLDER/out/NAME.out of each
# file, slowly and in place, and removes it; until FOLDER/stop is there.  With
# SUFFIX it takes only files that have a marker NAME.SUFFIX beside them.  Writes
# each name it does to FOLDER/done.
folder=$1
suffix=${2:-}
exec >/dev/null 2>&1 </dev/null
looks=0

process() {
	name=$(basename "$1")
	case $name in
	bad*) rm -f "$1"; return ;;
	esac
	# (Before there is a result: who waits for that may look then.)
	echo "$name" >>"$folder/done"
	case $name in
	pages*)
		{ cat "$1"; sleep 0.1; echo 1; } >"$folder/out/$name.1"
		{ cat "$1"; sleep 0.1; echo 2; } >"$folder/out/$name.2"
		;;
	*)
		{
			printf 'out of '
			sleep 0.05
			cat "$1"
			sleep 0.05
			echo end
		} >"$folder/out/$name.out"
		;;
	esac
	rm -f "$1"
	[ -z "$suffix" ] || rm -f "$1$suffix"
}

# Whatever becomes of who started it: ten minutes.
while ! [ -e "$folder/stop" ] && [ "$looks" -lt 6000 ]; do
	looks=$((looks + 1))
	for file in "$folder"/in/*; do
		[ -f "$file" ] || continue
		if [ -n "$suffix" ]; then
			[ -e "$file$suffix" ] || continue
			case $file in *"$suffix") continue ;; esac
		fi
		process "$file"
	done
	sleep 0.1
done
