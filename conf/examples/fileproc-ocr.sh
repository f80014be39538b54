#!/bin/sh
# fileproc-ocr.sh PAGE FOLDER: what stands on a scanned page, for
# fileproc-ocr.conf: FOLDER/text.txt, and FOLDER/count.txt with the number of
# its characters.
#
# It goes to the remotes with the job and is installed nowhere.  What reads the
# page is a toy, so that the example runs everywhere: a plain PBM image (P1) of
# one line of digits, 3 by 5 dots each with an empty column behind it.  In
# earnest it would be
#
#	recognize() { tesseract "$1" stdout -l eng; }
#
# Exit statuses are those of sysexits.h: 65 is "the data is wrong", and the
# job does not try that again; anything else may pass.
set -eu

recognize() {
	awk '
	BEGIN {
		split("111101101101111 010110010010111 111001111100111 " \
		    "111001111001111 101101111001001 111100111001111 " \
		    "111100111101111 111001001001001 111101111101111 " \
		    "111101111001111", shapes)
		for (i in shapes)
			digit[shapes[i]] = i - 1
	}
	/^#/ { next }
	NR == 1 && $0 != "P1" { exit 65 }
	NR == 1 { next }
	!width { width = $1; next }
	{ gsub(/ /, ""); row[++rows] = $0 }
	END {
		if (rows != 5)
			exit 65
		for (x = 1; x < width; x += 4) {
			shape = ""
			for (y = 1; y <= 5; y++)
				shape = shape substr(row[y], x, 3)
			text = text (shape in digit ? digit[shape] : "?")
		}
		print text
	}' "$1"
}

if ! recognize "$1" >"$2/text.txt"; then
	echo "$SYNCGATE_ITEM is no page that can be read" >&2
	exit 65
fi
tr -d '\n' <"$2/text.txt" | wc -c >"$2/count.txt"
