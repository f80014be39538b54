#!/bin/sh
# bench/rsync.sh [CASE...]: the plugin rsync beside Debian's rsync, through the
# same sshd on loopback, in turns, so that both meet the same machine.  Without a
# CASE all of them:
#
#	first		first copy of 100,000 files of 1 to 6 KB
#	nochange	again, with nothing to do: for the first time of a day,
#			and as often as one likes
#	changed		1,000 of them changed
#	delta		a file of 1 GB, 500 edits of 200 bytes
#	rename		the same file under another name
#	sparse		first copy of a sparse file of 4 GB with 1 % data
#	kernel		first copy of a tree like the sources of a kernel
#	update		5 % of its files edited, 1 % gone, 1 % new
#	targets		8 targets, a tree of 20,000 files, 1 % changed: one run,
#			beside 8 rsyncs in a row
#	memory		the most memory of each process with 1,000,000 files
#	follow		from a change to its arrival, in follow mode; beside it
#			lsyncd with its shortest delay, if that is here
#
# From the environment: ROUNDS (5), and to make it shorter FILES, CHANGED, LARGE
# (MB), SPARSE (MB), KERNEL (files), TREE (files), TARGETS, MANY (files),
# ARRIVALS; WAY=pull to go from there to here.
#
# Both are `-aHAXS --delete`, warm, and both end with the file system of the
# target synced: ours does that, for rsync `sync -f` is timed, too.  CPU is
# user + system of both sides, which a machine that others use disturbs less.
#
# Nothing is removed before the end: ext4 looks long for an inode that was not
# freed lately, which would be all one sees.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need python3 rsync

rounds=${ROUNDS:-5}
files=${FILES:-100000}
changed=${CHANGED:-1000}
large=${LARGE:-1000}
sparse=${SPARSE:-4000}
kernel=${KERNEL:-75000}
tree=${TREE:-20000}
targets=${TARGETS:-8}
many=${MANY:-1000000}
arrivals=${ARRIVALS:-60}
way=${WAY:-push}
cd "$tmp" || exit 2

# What an agent leaves to init when its connection ends would not be counted: so
# sshd gets it, and waits for it.
eval "$(sed -n '/^sshd_find() {/,/^}/p' "$top_srcdir/tests/lib/sshd.sh" |
    sed 's/^sshd_find()/sshd_find_it()/')"
sshd_find() {
	sshd_find_it || return 1
	cat >reaps <<EOT
#!$(command -v python3)
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)	# PR_SET_CHILD_SUBREAPER
os.execv("$sshd_program", ["$sshd_program"] + sys.argv[1:])
EOT
	chmod 755 reaps
	sshd_program=$tmp/reaps
}

# A home without a .bashrc, which some have fill with what takes long.
mkdir home
sshd_start "SetEnv HOME=$tmp/home" || exit 1
XDG_STATE_HOME=$tmp/state
PYTHONDONTWRITEBYTECODE=1
export XDG_STATE_HOME PYTHONDONTWRITEBYTECODE
printf '#!/bin/sh\nexec ssh -F "%s" "$@"\n' "$SSHD_CONFIG" >ssh
chmod 755 ssh

make() {
	python3 "$top_srcdir/bench/rsync_make.py" "$@" || exit 1
}

# ---- Measuring ----------------------------------------------------------------

# The CPU time that programs over there had, in seconds; they have ended.
cpu_there() {
	sleep 0.3
	awk '{ print ($14 + $15 + $16 + $17) / 100 }' "/proc/$SSHD_PID/stat"
}

# The same for what this shell has waited for.
cpu_here() {
	times >times
	awk 'NR == 2 { gsub(/[ms]/, " "); print $1 * 60 + $2 + $3 * 60 + $4 }' times
}

# measure NAME COMMAND...: a line "seconds cpu" of NAME.figures.
measure() {
	m_name=$1
	shift
	sync -f .
	cpu_there >there
	cpu_here >here
	m_begin=$(date +%s.%N)
	"$@" >log 2>&1 || { echo "$m_name failed"; tail -n 20 log; exit 1; }
	m_end=$(date +%s.%N)
	cpu_here >>here
	cpu_there >>there
	cat here there | tr '\n' ' ' | awk -v begin="$m_begin" -v end="$m_end" '{
		printf "%.3f %.2f\n", end - begin, $2 - $1 + $4 - $3
	}' >>"$m_name.figures"
}

best() {
	sort -g -k"$2,$2" "$1.figures" | awk -v f="$2" 'NR == 1 { print $f }'
}
median() {
	sort -g -k"$2,$2" "$1.figures" |
	    awk -v f="$2" '{ v[NR] = $f } END { print v[int((NR + 1) / 2)] }'
}

# report NAME TEXT EXPECTED: ours beside theirs.
report() {
	printf '%s\n' "$2"
	for r_side in ours theirs; do
		printf '  %-10s best %8.3f s   median %8.3f s   CPU %8.2f s\n' \
		    "$([ $r_side = ours ] && echo syncgate || echo rsync)" \
		    "$(best "$1-$r_side" 1)" "$(median "$1-$r_side" 1)" \
		    "$(median "$1-$r_side" 2)"
	done
	paste "$1-ours.figures" "$1-theirs.figures" | awk '{
		printf "%s%.2f", (NR > 1 ? ", " : ""), $3 / $1
	}' >by-rounds
	echo "$(median "$1-ours" 1) $(median "$1-theirs" 1)" \
	    "$(median "$1-ours" 2) $(median "$1-theirs" 2)" |
	    awk -v by="$(cat by-rounds)" -v expected="$3" '{
		printf "  %.2f times as fast by the medians (%s; expected %s)," \
		    " CPU %.2f\n", $2 / $1, by, expected,
		    ($3 > 0 ? $4 / $3 : 0)
	}'
	echo "  load: $(cut -d' ' -f1-3 /proc/loadavg)"
}

# in_turns NAME COMMAND [ARGUMENT...]: COMMAND ours|theirs ARGUMENT..., the one
# first in one round, the other in the next.
in_turns() {
	t_name=$1
	shift
	if [ $((round % 2)) -eq 1 ]; then
		t_order="ours theirs"
	else
		t_order="theirs ours"
	fi
	for t_side in $t_order; do
		measure "$t_name-$t_side" "$1" "$t_side" "$2" \
		    "$(echo "$3" | sed "s/%/$t_side/")"
	done
}

# ---- What is compared -----------------------------------------------------------

# copy ours|theirs FROM TO: the contents of a folder.
copy() {
	case $way in
	push) c_from=$tmp/$2 c_to=$SSHD_XSPEC:$tmp/$3
		r_from=$tmp/$2/ r_to=127.0.0.1:$tmp/$3/ ;;
	pull) c_from=$SSHD_XSPEC:$tmp/$2 c_to=$tmp/$3
		r_from=127.0.0.1:$tmp/$2/ r_to=$tmp/$3/ ;;
	esac
	case $1 in
	ours)
		"$SYNCGATE" run --once --plugin rsync hold-over=100% source="$c_from" \
		    targets="$c_to" ;;
	theirs)
		rsync -aHAXS --delete -e "$tmp/ssh" "$r_from" "$r_to" &&
		    sync -f "$tmp/$3" ;;
	esac
}

equal() {
	python3 "$top_srcdir/tests/lib/tree_compare.py" "$1" "$2" >differs || {
		echo "$2 is not like $1:"
		head -n 5 differs
		exit 1
	}
}

# have_small: src.small, and copies for both that are in step.
have_small() {
	[ -d src.small ] || make small src.small "$files"
	for h_side in ours theirs; do
		[ -d "$h_side.small" ] ||
		    copy theirs src.small "$h_side.small" || exit 1
	done
}

have_large() {
	if [ ! -d src.large ]; then
		mkdir src.large
		make large src.large/file.0 "$large"
	fi
	for h_side in ours theirs; do
		[ -d "$h_side.large" ] || cp -a src.large "$h_side.large"
	done
}

case_first() {
	[ -d src.small ] || make small src.small "$files"
	for round in $(seq "$rounds"); do
		in_turns first copy src.small "%.first.$round"
	done
	equal src.small "ours.first.$rounds"
	for h_side in ours theirs; do
		[ -d "$h_side.small" ] ||
		    mv "$h_side.first.$rounds" "$h_side.small"
	done
	report first "first copy of $files files of 1 to 6 KB" "1.2"
}

# Without what an earlier run has remembered, as the first of a day.
copy_anew() {
	[ "$1" = theirs ] || rm -rf "$XDG_STATE_HOME/syncgate/rsync"
	copy "$@"
}

case_nochange() {
	have_small
	for round in $(seq "$rounds"); do
		in_turns anew copy_anew src.small %.small
	done
	report anew "$files files, nothing to do, for the first time" 1
	for round in $(seq "$rounds"); do
		in_turns nochange copy src.small %.small
	done
	report nochange "$files files, nothing to do" 5
}

case_changed() {
	have_small
	for round in $(seq "$rounds"); do
		make change src.small "$changed" $((round + seed))
		in_turns changed copy src.small %.small
	done
	equal src.small ours.small
	report changed "$files files, $changed changed" 1
}

case_delta() {
	have_large
	for round in $(seq "$rounds"); do
		make edit src.large/file.* 500 $((round + seed))
		in_turns delta copy src.large %.large
	done
	equal src.large ours.large
	report delta "a file of $large MB, 500 edits of 200 bytes" 3
}

case_rename() {
	have_large
	for round in $(seq "$rounds"); do
		mv src.large/file.* "src.large/file.$round.$seed"
		in_turns rename copy src.large %.large
	done
	equal src.large ours.large
	report rename "the same file renamed" 10
}

case_sparse() {
	mkdir src.sparse
	make sparse src.sparse/file "$sparse"
	for round in $(seq "$rounds"); do
		in_turns sparse copy src.sparse "%.sparse.$round"
	done
	equal src.sparse "ours.sparse.$rounds"
	report sparse "first copy of a sparse file of $sparse MB, 1 % data" 1
}

case_kernel() {
	[ -d src.kernel ] || make tree src.kernel "$kernel"
	echo "a tree of $(find src.kernel -type f | wc -l) files," \
	    "$(find src.kernel -type d | wc -l) folders," \
	    "$(du -s --apparent-size -BM src.kernel | cut -f1)"
	for round in $(seq "$rounds"); do
		in_turns kernel copy src.kernel "%.kernel.$round"
	done
	equal src.kernel "ours.kernel.$rounds"
	for h_side in ours theirs; do
		[ -d "$h_side.kernel" ] ||
		    mv "$h_side.kernel.$rounds" "$h_side.kernel"
	done
	report kernel "its first copy" 1
}

case_update() {
	[ -d src.kernel ] || make tree src.kernel "$kernel"
	for h_side in ours theirs; do
		[ -d "$h_side.kernel" ] ||
		    copy theirs src.kernel "$h_side.kernel" || exit 1
	done
	for round in $(seq "$rounds"); do
		make update src.kernel $((round + seed))
		in_turns update copy src.kernel %.kernel
	done
	equal src.kernel ours.kernel
	report update "that tree, 5 % edited, 1 % gone, 1 % new" 1
}

# to_all ours|theirs FROM TO: TO.1 to TO.8.
to_all() {
	if [ "$1" = theirs ]; then
		for a_n in $(seq "$targets"); do
			copy theirs "$2" "$3.$a_n" || return 1
		done
		return
	fi
	a_from=$tmp/$2
	[ "$way" = push ] || a_from=$SSHD_XSPEC:$a_from
	a_to=$tmp/$3
	set --
	for a_n in $(seq "$targets"); do
		if [ "$way" = push ]; then
			set -- "$@" "targets=$SSHD_XSPEC:$a_to.$a_n"
		else
			set -- "$@" "targets=$a_to.$a_n"
		fi
	done
	"$SYNCGATE" run --once --plugin rsync hold-over=100% source="$a_from" "$@"
}

case_targets() {
	make small src.tree "$tree"
	for h_n in $(seq "$targets"); do
		cp -a src.tree "ours.tree.$h_n"
		cp -a src.tree "theirs.tree.$h_n"
	done
	for round in $(seq "$rounds"); do
		make change src.tree $((tree / 100)) $((round + seed))
		in_turns targets to_all src.tree %.tree
	done
	for h_n in $(seq "$targets"); do
		equal src.tree "ours.tree.$h_n"
	done
	report targets "$targets targets, $tree files, 1 % changed" 3
}

# ---- Memory and latency -----------------------------------------------------------

# Every process of a run, seen 20 times a second: VmHWM is the most it had.
watch_memory() {
	while [ -f watching ]; do
		for w_pid in $(process_tree $$); do
			awk -v pid="$w_pid" '$1 == "Name:" { name = $2 }
			$1 == "VmHWM:" { print name, pid, $2 }' \
			    "/proc/$w_pid/status" 2>/dev/null
		done
		sleep 0.05
	done | awk '$1 ~ /^(syncgate|rsync)/ {
		if ($3 > most[$1 " " $2])
			most[$1 " " $2] = $3
	}
	END { for (p in most) print p, most[p] }' >memory
}

memory_of() {
	: >watching
	watch_memory 2>/dev/null &
	watcher=$!
	copy "$1" src.many "$1.many" >log 2>&1 || { cat log; exit 1; }
	rm -f watching
	wait "$watcher"
	sort -k3,3rn memory | awk -v what="$2" '{
		line = line sprintf("%s %s %.1f MiB", line == "" ? "" : ",",
		    $1, $3 / 1024)
	}
	END { print "  " what ":" line }'
}

case_memory() {
	make many src.many "$many"
	echo "peak memory of each process, $many files (expected: ours below 150 MiB)"
	for m_what in "first copy" "nothing to do"; do
		memory_of ours "syncgate, $m_what"
		memory_of theirs "rsync, $m_what"
	done
}

# arrivals_of TEXT TARGET PID: a line; PID is what keeps TARGET.
arrivals_of() {
	sleep 3
	python3 "$top_srcdir/bench/rsync_arrive.py" "$tmp/src.follow" \
	    "$tmp/$2" "$arrivals" 20 | awk -v text="$1" '{
		printf "  %-38s median %s ms, of ten nine below %s, worst %s%s\n",
		    text, $1, $2, $3, ($4 > 0 ? ", not in 20 s: " $4 : "")
	}'
	kill "$3"
	wait "$3" 2>/dev/null
}

case_follow() {
	[ -d src.follow ] || make small src.follow 2000
	echo "a change until its arrival, $arrivals times (expected: median below 30 ms)"
	"$SYNCGATE" run --plugin rsync hold-over=100% source="$tmp/src.follow" \
	    targets="$SSHD_XSPEC:$tmp/ours.follow" follow=yes >log 2>&1 &
	arrivals_of "syncgate, follow = yes" ours.follow $!
	if ! have lsyncd; then
		echo "  no lsyncd (Debian: apt-get install lsyncd): left out"
		return
	fi
	mkdir -p theirs.follow
	cat >lsyncd.conf <<EOT
settings { nodaemon = true, insist = true }
sync { default.rsync, source = "$tmp/src.follow",
	target = "127.0.0.1:$tmp/theirs.follow", delay = 0,
	rsync = { archive = true, rsh = "$tmp/ssh" } }
EOT
	lsyncd lsyncd.conf >lsyncd.log 2>&1 &
	arrivals_of "lsyncd, delay = 0" theirs.follow $!
}

# ---- All of it -----------------------------------------------------------------

seed=$(date +%s)
[ $# -gt 0 ] || set -- first nochange changed delta rename sparse kernel \
    update targets memory follow
for name in "$@"; do
	command -v "case_$name" >/dev/null || { echo "no case $name"; exit 2; }
done
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "$(df -PT . | awk 'NR == 2 { print $1, $2 }'), warm, $way, $rounds rounds," \
    "$(rsync --version | awk 'NR == 1 { print $1, $3 }')"
for name in "$@"; do
	"case_$name"
done
