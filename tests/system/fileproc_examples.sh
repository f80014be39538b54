#!/bin/sh
# The examples for fileproc in conf/examples are right, and do what their
# comments say: with their folders, machines and files replaced, and nothing
# else.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$tmp" || exit 2
examples=$top_srcdir/conf/examples
XDG_STATE_HOME=$tmp/state
export XDG_STATE_HOME

# use NAME: NAME.conf here, of the example; each remote is this machine.
use() {
	sed -e "s:/srv/:$tmp/srv/:g" -e "s:/opt/:$tmp/opt/:g" \
	    -e "s:/usr/local/etc/syncgate/:$examples/:g" \
	    -e 's|"ssh=[a-z]*@\([a-z0-9]*\)\.example\.org[a-z0-9/=]*"|"popen//id=\1"|' \
	    "$examples/fileproc-$1.conf" >"$1.conf"
	check_equal "fileproc-$1.conf has nothing that is not replaced" "" \
	    "$(grep -v '^[[:space:]]*#' "$1.conf" |
	        grep -E '"/|example\.org' | grep -v "\"$tmp/" |
		grep -v "\"$examples/" | grep -Ev '"/(usr|lib|bin)')"
	check "fileproc-$1.conf is right" "$SYNCGATE" check -c "$1.conf"
	sed 's/^\([[:space:]]*\)#\([a-z]\)/\1\2/' "$1.conf" >all.conf
	check "so it is with the options that are commented out" \
	    "$SYNCGATE" check -c all.conf
	check_equal "these are the defaults" "" "$(wrong_defaults "$1")"
}

# The lines "#option = value" of an example that the program knows otherwise.
wrong_defaults() {
	"$SYNCGATE" plugins fileproc >known
	sed -n 's/^[[:space:]]*#\([a-z-]* = .*\)/\1/p' \
	    "$examples/fileproc-$1.conf" | tr -d '"' |
	    while IFS= read -r line; do
		grep -q "^  ${line%% = *} = .*(default: ${line#* = })" known ||
		    echo "$line"
	done
}

# run NAME: its job, once.
run() {
	timeout 60 "$SYNCGATE" run --once -c "$1.conf" >"$1.log" 2>&1
}

# clean NAME: nothing of an item is left where it came from.
clean() {
	check_equal "$1: data-in is empty" "" \
	    "$(find "srv/$1/in" -type f ! -path '*/.syncgate/queue' \
	    ! -path '*/.syncgate/lock' ! -path '*/.syncgate/data-out')"
}

# ---- Pages and a script
use ocr
mkdir -p srv/ocr/in
# page DIGITS: their dots, by another way than the script's.
page() {
	echo "P1"
	echo "$((${#1} * 4)) 5"
	for row in \
	    "111 010 111 111 101 111 111 111 111 111" \
	    "101 110 001 001 101 100 100 001 101 101" \
	    "101 010 111 111 111 111 111 001 111 111" \
	    "101 010 100 001 001 001 101 001 101 001" \
	    "111 111 111 111 001 111 111 001 111 111"; do
		echo "$1" | fold -w 1 | while read -r digit; do
			set -- $row
			shift "$digit"
			printf '%s0' "$1"
		done
		echo
	done
}
page 2026 >srv/ocr/in/year.pbm
page 0123456789 >srv/ocr/in/all.pbm
page 7 >srv/ocr/in/urgent-seven.pbm
echo "no page" >srv/ocr/in/wrong.pbm
echo "a note" >srv/ocr/in/note.txt
for n in 1 2 3 4 5 6 7 8 9; do
	page "$n$n" >"srv/ocr/in/page$n.pbm"
done
check "the pages are read" run ocr || cat ocr.log
check_equal "each has a folder with what it says" "2026 4" \
    "$(cat srv/ocr/out/year/text.txt srv/ocr/out/year/count.txt | xargs)"
check_equal "with every digit" 0123456789 "$(cat srv/ocr/out/all/text.txt)"
check_equal "all of them have one" 12 "$(ls srv/ocr/out | wc -l)"
check_equal "the pages are kept" 12 "$(ls srv/ocr/done | wc -l)"
check_equal "a wrong one is in failed, with the reason" \
    "wrong.pbm wrong.pbm.error" "$(ls srv/ocr/failed | xargs)"
check_grep "which says what the script said" \
    'wrong.pbm is no page that can be read' srv/ocr/failed/wrong.pbm.error
check_equal "after one try" 1 "$(grep -c '^try' srv/ocr/failed/wrong.pbm.error)"
check_equal "what is no page stays where it is" "a note" \
    "$(cat srv/ocr/in/note.txt)"
rm srv/ocr/in/note.txt
clean ocr
check "syncgate items lists what failed" \
    sh -c "'$SYNCGATE' items -c ocr.conf ocr --failed | grep -q 'wrong.pbm'"
page 42 >srv/ocr/failed/wrong.pbm
check "once that is mended, it is tried again" \
    "$SYNCGATE" retry -c ocr.conf ocr wrong.pbm
run ocr
check_equal "and is read" 42 "$(cat srv/ocr/out/wrong/text.txt)"
check_equal "failed is empty" "" "$(ls srv/ocr/failed)"

# The same by a script that does what it must not.
for what in 'cat /var/lib/dpkg/status' 'echo >/var/tmp/syncgate-test-left' \
    "echo >$tmp/left"; do
	printf '#!/bin/sh\n%s\n' "$what" >curious
	chmod 755 curious
	sed "s|\"$examples/fileproc-ocr.sh\"|\"$tmp/curious\"|" \
	    ocr.conf >curious.conf
	page 1 >srv/ocr/in/one.pbm
	run curious
	check_grep "a script may not: $what" 'Permission denied' \
	    srv/ocr/failed/one.pbm.error
	rm -f srv/ocr/failed/*
done

# ---- C
use c
mkdir -p srv/uppercase/in
echo "first" >srv/uppercase/in/report.txt
check "a processor in C runs" run c || cat c.log
check_equal "confined as it is" FIRST \
    "$(cat srv/uppercase/out/report.upper.txt)"
echo "second" >srv/uppercase/in/report.txt
check "the same name comes again" run c || cat c.log
check_equal "and gets a number" SECOND \
    "$(cat srv/uppercase/out/report.upper~2.txt)"
clean uppercase

# ---- A system that is there
use legacy
cat >legacy.sh <<'EOT'
# It knows nothing of us: it takes what has a marker, one file after the other,
# and leaves what it has read.
while :; do
	for go in data_in/*.go; do
		[ -e "$go" ] || continue
		name=${go#data_in/}
		name=${name%.xml.go}
		grep -q '</order>' "data_in/$name.xml" || exit 1
		echo "$name" >>seen
		ls data_in/*.go | wc -l >>counts
		rm "$go"
		printf 'part 1,' >"data_out/$name.pdf"
		sleep 0.1
		echo ' part 2' >>"data_out/$name.pdf"
		echo "read $name" >"data_out/$name.log"
		: >"data_out/$name.ok"
	done
	sleep 0.05
done
EOT
mkdir -p srv/invoices/in opt/legacy/data_in opt/legacy/data_out
echo others >opt/legacy/data_in/theirs.xml
echo others >opt/legacy/data_out/theirs.pdf
for n in 1 2 3 4 5 6; do
	echo "<order>$n</order>" >"srv/invoices/in/order$n.xml"
done
(cd opt/legacy && exec sh ../../legacy.sh) &
legacy=$!
at_exit 'kill_child $legacy'
check "a system that is there gets the items" run legacy || cat legacy.log
check_equal "each under its prefixed name, once" \
    "$(for n in 1 2 3 4 5 6; do echo "sg-order$n"; done)" \
    "$(sort opt/legacy/seen)"
check_equal "at most two at a time" "" \
    "$(awk '$1 > 2' opt/legacy/counts)"
check_equal "their results are in a folder each" \
    "order1 order2 order3 order4 order5 order6" "$(ls srv/invoices/out | xargs)"
check_equal "with all files, whole" "order3.log order3.pdf part 1, part 2" \
    "$(cd srv/invoices/out/order3 && echo * "$(cat order3.pdf)")"
check_equal "nothing of it is left there but what is others'" \
    "data_in/theirs.xml data_out/theirs.pdf" \
    "$(cd opt/legacy && find data_* -type f ! -path '*/.syncgate/*' |
        sort | xargs)"
clean invoices
finish
