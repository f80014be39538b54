#!/bin/sh
# The manual pages say what the program says.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

# options_of PLUGIN OPTION: OPTION is one of those that it has.
options_of() {
	sh "$top_srcdir/tools/manual-options.sh" "$1" "$SYNCGATE" >"$tmp/said"
	check_grep "the program lists the options of $1" "^\.BR $2 " "$tmp/said"
	sed -n "/Made by.* $1;/,/^\.\\\\\" end/p" \
	    "$top_srcdir/doc/syncgate.conf.5" | sed '1d;$d' >"$tmp/written"
	check "syncgate.conf(5) has the options of $1 as they are" \
	    diff "$tmp/said" "$tmp/written"
}

options_of fileproc pattern
options_of rsync source
options_of svnhotsync source

# Commands: each that the program lists stands in the page, and the other way.
"$SYNCGATE" --help | awk '/^  [a-z]+  / && $1 != "help" { print $1 }' |
    sort >"$tmp/said"
sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/p' "$top_srcdir/doc/syncgate.1" |
    awk 'was && /^\.B / { print $2 } { was = /^\.TP/ }' | sort >"$tmp/written"
check "syncgate(1) has the commands as they are" \
    diff "$tmp/said" "$tmp/written"
sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/s/^\\fBsyncgate \([a-z]*\)\\fR.*/\1/p' \
    "$top_srcdir/doc/syncgate.1" | sort -u >"$tmp/written"
check "and so has its synopsis" diff "$tmp/said" "$tmp/written"

# Long options, over all commands.
while read -r command; do
	"$SYNCGATE" "$command" --help
done <"$tmp/said" | grep -oE -e '^ .*--[a-z][a-z-]+' | grep -oE -e '--[a-z-]+' |
    sort -u >"$tmp/options"
sed 's/\\-/-/g' "$top_srcdir/doc/syncgate.1" | grep -oE -e '--[a-z][a-z-]+' |
    sort -u >"$tmp/written"
check "syncgate(1) has the options as they are" \
    diff "$tmp/options" "$tmp/written"

# Examples: each job in the chapters about rsync, and options by themselves as
# those of a job.  Files that they name are ours here.
examples() {
	awk -v where="$1" '
	/^    job [a-z]+ \{/ { job = 1 }
	job || (/^    [a-z][a-z0-9-]* = / && !/^    *\$/) {
		if (!job && !loose++)
			text = "job loose {\nplugin = rsync\n" \
			    "source = \"/a\"\ntargets = \"/b\"\n"
		text = text $0 "\n"
		if (job && /^    \}/)
			end("")
		next
	}
	loose { end("}\n") }
	function end(last) {
		file = where "." ++n
		printf "%s%s", text, last >file
		close(file)
		text = ""
		job = loose = 0
	}'
}
: >"$tmp/empty"
for chapter in rsync rsync-filters; do
	examples "$tmp/$chapter" <"$top_srcdir/doc/$chapter.md"
	for example in "$tmp/$chapter".[0-9]*; do
		sed -e "s|/usr/local/etc/syncgate/site.rules|$tmp/empty|" \
		    -e "s|/srv/lists/today|$tmp/empty|" "$example" >"$tmp/conf"
		"$SYNCGATE" check -c "$tmp/conf" >"$tmp/said" 2>&1 ||
		    cat "$tmp/conf" >>"$tmp/said"
		check_grep "an example of $chapter.md is sound: ${example##*.}" \
		    '^job [a-z]* \(rsync\): keep' "$tmp/said"
	done
done
check "there are enough of them" [ "$(ls "$tmp" | grep -c '^rsync.*\.[0-9]')" -ge 8 ]

# A page for each plugin, whose options that it names are there.
"$SYNCGATE" plugins | awk '{ print $1 }' >"$tmp/plugins"
while read -r plugin; do
	page=$top_srcdir/doc/syncgate-$plugin.8
	check_grep "$plugin has a page" "^.TH .* 8 " "$page"
	"$SYNCGATE" plugins "$plugin" | sed -n 's/^  \([a-z-]*\) = .*/\1/p' |
	    sort >"$tmp/known"
	sed -n '/^\.SH SYNOPSIS/,/^\.SH OPTIONS/s/^	\\fB\([^\]*\(\\-[^\]*\)*\)\\fR = .*/\1/p' \
	    "$page" | sed 's/\\-/-/g' | grep -vx plugin | sort >"$tmp/named"
	check_equal "its options are those of $plugin" "" \
	    "$(comm -23 "$tmp/named" "$tmp/known")"
	check "and it names some" [ -s "$tmp/named" ]
done <"$tmp/plugins"

if have groff; then
	for page in syncgate.1 syncgate.conf.5 libexecnet.3 \
	    $(sed 's/.*/syncgate-&.8/' "$tmp/plugins"); do
		check_equal "$page is sound" "" "$(groff -man -Tutf8 -ww -z \
		    "$top_srcdir/doc/$page" 2>&1)"
	done
fi
finish
