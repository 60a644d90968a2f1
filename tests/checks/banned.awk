# SPDX-License-Identifier: Apache-2.0
#
# Finds banned calls in C files.  For banned.sh, which sets:
#   paths    "name:position[,position] ..."  calls whose arguments at these positions are paths; a path
#            must be a string literal or NULL
#   words    "name ..."  words that must not appear at all
#   free     "file ..."  files in which paths are free
#   program  1: sources of the program; 0: of the tests
# A comment that begins with "path:" within the call excuses a path or a word; the excuses are counted.
#
# Comments are blanked and strings kept, so that calls can be read over several lines.

BEGIN {
	n = split(paths, items, " ")
	for (i = 1; i <= n; i++) {
		split(items[i], pair, ":")
		positions[pair[1]] = pair[2]
	}
	n = split(words, items, " ")
	for (i = 1; i <= n; i++)
		banned[items[i]] = 1
	n = split(free, items, " ")
	for (i = 1; i <= n; i++)
		is_free[items[i]] = 1
	excuses = found = 0
	in_comment = 0
}

FNR == 1 {
	if (file != "")
		check()
	file = FILENAME
	lines = 0
	in_comment = 0
}

{
	text[++lines] = blank($0)
}

END {
	if (file != "")
		check()
	printf "%d %d\n", found, excuses
}

# The line without its comments; strings and characters stay.  Notes excuses.
function blank(line,    out, i, c, next2, quote, start) {
	out = ""
	excused[lines] = 0
	quote = ""
	start = in_comment ? 1 : 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		next2 = substr(line, i, 2)
		if (in_comment) {
			if (next2 == "*/") {
				in_comment = 0
				i++
			}
			continue
		}
		if (quote != "") {
			out = out c
			if (c == "\\") {
				out = out substr(line, ++i, 1)
			} else if (c == quote) {
				quote = ""
			}
			continue
		}
		if (next2 == "//" || next2 == "/*") {
			if (substr(line, i + 2) ~ /^ *path: *[^ *]/)
				excused[lines] = 1
			if (next2 == "//")
				break
			in_comment = 1
			i++
			continue
		}
		if (c == "\"" || c == "'")
			quote = c
		out = out c
	}
	return out
}

function report(line, what) {
	printf "%s:%d: %s\n", file, line, what
	found++
}

# Looks at every word of the file.
function check(    i, line, rest, offset, word, before) {
	for (i = 1; i <= lines; i++) {
		line = text[i]
		offset = 0
		rest = strip_strings(line)
		while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
			word = substr(rest, RSTART, RLENGTH)
			before = offset + RSTART > 1 ? substr(line, offset + RSTART - 1, 1) : ""
			offset += RSTART + RLENGTH - 1
			rest = substr(rest, RSTART + RLENGTH)
			if (before == "." || before == ">")
				continue
			if (word in banned && (rest ~ /^ *\(/ || word ~ /^sockaddr/)) {
				if (excused[i])
					excuses++
				else
					report(i, "\"" word "\" is banned here")
			} else if (program && word in positions && rest ~ /^ *\(/ && !(file in is_free)) {
				check_call(i, offset + index(rest, "("), word)
			}
		}
	}
}

# The line with its strings' contents blanked, of the same length.
function strip_strings(line,    out, i, c, quote) {
	out = ""
	quote = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (quote != "") {
			if (c == "\\") {
				out = out "  "
				i++
				continue
			}
			if (c == quote)
				quote = ""
			out = out " "
		} else {
			if (c == "\"" || c == "'") {
				quote = c
				c = " "
			}
			out = out c
		}
	}
	return out
}

# The call @name whose "(" is at @column of line @i: are its path arguments literals?
function check_call(i, column, name,    depth, arg, args, c, line, col, quote, last, want, n, k, excuse) {
	depth = 0
	arg = 1
	split("", args)
	quote = ""
	line = text[i]
	last = i
	excuse = excused[i]
	for (col = column; ; col++) {
		if (col > length(line)) {
			if (++last > lines)
				return
			line = text[last]
			excuse = excuse || excused[last]
			col = 0
			args[arg] = args[arg] " "
			continue
		}
		c = substr(line, col, 1)
		if (quote != "") {
			args[arg] = args[arg] c
			if (c == "\\")
				args[arg] = args[arg] substr(line, ++col, 1)
			else if (c == quote)
				quote = ""
			continue
		}
		if (c == "\"" || c == "'")
			quote = c
		if (c == "(" || c == "{" || c == "[") {
			if (++depth == 1)
				continue
		} else if (c == ")" || c == "}" || c == "]") {
			if (--depth == 0)
				break
		} else if (c == "," && depth == 1) {
			arg++
			continue
		}
		args[arg] = args[arg] c
	}
	n = split(positions[name], want, ",")
	for (k = 1; k <= n; k++) {
		sub(/^[ \t]+/, "", args[want[k]])
		if (args[want[k]] ~ /^("|NULL *$)/)
			continue
		if (args[want[k]] ~ /^const char \*/) # a declaration
			return
		if (excuse) {
			excuses++
			return
		}
		report(i, name "() with a path that is no literal: " args[want[k]])
		return
	}
}
