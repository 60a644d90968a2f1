/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in GVariant's text form ("uint64 5", "['a', 'b']", "@ay []"), as bytes of a D-Bus message.
 * The one form in which properties of systemd units are kept here, and the one in which the
 * annotations org.systemd.property.* give them.  Pure.  Private to cgroups/.
 *
 * Known: true, false; numbers, with a type before them (byte, int16, uint16, int32, uint32, int64,
 * uint64, double) or int32, with a point or an exponent double; strings in ' or " with the escapes
 * of C; objectpath and signature before a string; arrays; tuples; @TYPE before a value.  Not known:
 * variants, dictionaries, maybes, bytestrings, handles.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

/* Appends @text as a variant, its signature and its value.  An error names the place. */
int gvariant_put(struct strbuf *b, const char *text, struct err *err) MUST_USE;

/* The signature of @text; heap string. */
int gvariant_type(const char *text, char **out_type, struct err *err) MUST_USE;

/* "'it\'s'": a string in text form.  Heap string. */
char *gvariant_quote(const char *s);

/*
 * A number as a whole count of microseconds, "uint64 1500000" for "double 1.5" seconds: for
 * properties ...Sec, which are ...USec on the bus.  Heap string.
 */
int gvariant_seconds(const char *text, char **out_text, struct err *err) MUST_USE;
