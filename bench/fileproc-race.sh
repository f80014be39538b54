#!/bin/sh
# bench/fileproc-race.sh [SECONDS]: what scripts that poll with rsync or sftp
# lose, and fileproc does not.  Each of the three gets the same writers at once,
# for SECONDS (15): items that are written slowly, in place, renamed in, and
# appended to while they are open.  A remote makes capitals of them.  Who takes
# the results from data-out looks 50 times a second and takes what is there.
#
# Of each item there must be one result, of all of it.  Printed is how many had
# none (lost), one of a part or with gaps (truncated), more than one (twice).
# It takes less than a minute, and ends with 1 if fileproc is not faultless.
#
# The loops are what one writes: they move what is there, process it there, move
# the results back, and sleep a second.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need python3 rsync sftp

cd "$tmp" || exit 2
mkdir home
sshd_start "SetEnv HOME=$tmp/home" || exit 1
XDG_STATE_HOME=$tmp/state
export XDG_STATE_HOME
for way in rsync sftp fileproc; do
	mkdir -p "$way/in" "$way/out" "$way/there/in" "$way/there/tmp" \
	    "$way/there/out"
done
printf '#!/bin/sh\nexec ssh -F "%s" "$@"\n' "$SSHD_CONFIG" >ssh
chmod 755 ssh

# What the remote does with what it has, also for files that come meanwhile.
process() {
	./ssh syncgate-test "cd '$tmp/$1/there' && for f in in/*; do
		[ -f \"\$f\" ] || continue
		tr a-z A-Z <\"\$f\" >\"tmp/\${f##*/}\" &&
		    mv \"tmp/\${f##*/}\" out && rm \"\$f\"
	done"
}

rsync_loop() {
	until [ -f stop ]; do
		rsync -rt --remove-source-files -e ./ssh rsync/in/ \
		    "syncgate-test:$tmp/rsync/there/in"
		process rsync
		rsync -rt --remove-source-files -e ./ssh \
		    "syncgate-test:$tmp/rsync/there/out/" rsync/out
		sleep 1
	done
}

# sftp_batch COMMANDS OF EACH: {} is a name of the list on stdin.
sftp_batch() {
	while read -r name; do
		printf '%s\n' "$1" | sed "s/{}/$name/g"
	done >batch
	[ ! -s batch ] || sftp -q -F "$SSHD_CONFIG" -b batch syncgate-test \
	    >/dev/null
}

sftp_loop() {
	until [ -f stop ]; do
		ls sftp/in >names
		sftp_batch "put sftp/in/{} $tmp/sftp/there/in/{}" <names &&
		    (cd sftp/in && xargs -r rm -f <../../names)
		process sftp
		./ssh syncgate-test ls "$tmp/sftp/there/out" >names
		sftp_batch "get $tmp/sftp/there/out/{} sftp/out/{}
rm $tmp/sftp/there/out/{}" <names
		sleep 1
	done
}

rsync_loop >rsync.log 2>&1 &
loops=$!
sftp_loop >sftp.log 2>&1 &
loops="$loops $!"
"$SYNCGATE" run --store="sqlite:$tmp/store.db" --plugin fileproc \
    data-in="$tmp/fileproc/in" data-out="$tmp/fileproc/out" \
    remotes="$SSHD_XSPEC" 'command=tr a-z A-Z' >fileproc.log 2>&1 &
job=$!
sleep 2
python3 "$top_srcdir/bench/race.py" "${1:-15}" rsync sftp fileproc
status=$?
: >stop
kill "$job"
wait "$job" $loops
[ "$status" -eq 0 ] || tail -n 5 ./*.log
exit "$status"
