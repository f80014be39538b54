#!/bin/sh
# embed.sh SYMBOL NAME FILE...: C source text as a C string.
#
#	sh tools/embed.sh svnhotsync_side_source svnhotsync/side_source.c \
#	    plugins/svnhotsync/side_source.c > side_source.text.c
#
# writes a C file that defines `const char SYMBOL[]`: the text of the FILEs one
# after the other.  A line `#include "file"` is replaced by that file (looked
# for beside the file that includes it, then from the working folder), once;
# `#include <...>` stays as it is.  #line directives name the real files, so
# that a message of the far compiler names what the author edits: the first
# FILE is called NAME, the others by their own name in NAME's folder.
set -eu

if [ $# -lt 3 ]; then
	echo "usage: embed.sh SYMBOL NAME FILE..." >&2
	exit 2
fi
symbol=$1
name=$2
shift 2
exec awk -v symbol="$symbol" -v name="$name" '
function folder(path) {
	return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/)) : ""
}
function there(path,	line, found) {
	found = (getline line < path) >= 0
	close(path)
	return found
}
# (No gsub: what a backslash means in its replacement differs between awks.)
function put(line,	out, c, i) {
	out = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\\" || c == "\"" || c == "?")
			out = out "\\" c
		else if (c == "\t")
			out = out "\\t"
		else
			out = out c
	}
	printf "\t\"%s\\n\"\n", out
}
function embed(path, shown,	line, number, wanted, beside, state) {
	put("#line 1 \"" shown "\"")
	number = 0
	while ((state = (getline line < path)) > 0) {
		number++
		if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) {
			put(line)
			continue
		}
		split(line, wanted, "\"")
		beside = folder(path) wanted[2]
		if (!there(beside))
			beside = wanted[2]
		if (!there(beside)) {
			printf "%s:%d: cannot find \"%s\"\n", path, number, \
			    wanted[2] > "/dev/stderr"
			exit failed = 1
		}
		if (!(beside in seen)) {
			seen[beside] = 1
			embed(beside, folder(shown) wanted[2])
		}
		put("#line " number + 1 " \"" shown "\"")
	}
	close(path)
	if (state < 0) {
		printf "embed.sh: cannot read %s\n", path > "/dev/stderr"
		exit failed = 1
	}
}
BEGIN {
	printf "/* Made by tools/embed.sh from %s. */\n", name
	printf "extern const char %s[];\nconst char %s[] =\n", symbol, symbol
	for (i = 1; i < ARGC && !failed; i++) {
		seen[ARGV[i]] = 1
		shown = ARGV[i]
		sub(/^.*\//, "", shown)
		embed(ARGV[i], i == 1 ? name : folder(name) shown)
	}
	print "\t\"\";"
}' "$@"
