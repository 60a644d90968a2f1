# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# What quickstart and runtests share: installing Debian packages and building out of tree.
# Sourced; expects $top, the source folder.  Everything is made below $top/build*.

say() {
	printf '==> %s\n' "$*"
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# need PACKAGE...: installs what is missing; asks no registry when nothing is.
need() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "these packages are missing, and only root can install them:$missing"
	say "installing:$missing"
	apt-get -q update >"$top/build/apt.log" 2>&1 ||
		die "apt-get update failed: see build/apt.log"
	# shellcheck disable=SC2086 # a list of names
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing \
		>>"$top/build/apt.log" 2>&1 || die "apt-get install failed: see build/apt.log"
}

BUILD_PACKAGES="autoconf automake make gcc libc6-dev pkg-config
	libyajl-dev libseccomp-dev libcap-dev libnl-3-dev
	libzstd-dev liblzma-dev liblz4-dev zlib1g-dev"

# build FOLDER TARGET [CONFIGURE OPTION...]: builds in $top/FOLDER.  The autotools write beside the
# sources, so they get a mirror of links to work in, and the source folder stays clean.
build() {
	build_folder=$top/$1 target=$2
	shift 2
	mkdir -p "$build_folder/source"
	(
		cd "$top" || exit 1
		if [ -e .git ]; then git ls-files -co --exclude-standard; else find . -type f ! -path './build*'; fi |
			while IFS= read -r file; do
				[ -e "$file" ] || continue
				[ "$(readlink "$build_folder/source/$file")" = "$top/$file" ] && continue
				mkdir -p "$build_folder/source/$(dirname "$file")"
				ln -sfn "$top/$file" "$build_folder/source/$file"
			done
	)
	# Links whose file is gone would still be compiled or shipped.
	find "$build_folder/source" -xtype l -delete
	[ -e "$build_folder/source/configure" ] ||
		(cd "$build_folder/source" && autoreconf -fi >"$build_folder/autoreconf.log" 2>&1) ||
		die "autoreconf failed: see $build_folder/autoreconf.log"
	# What was built with other options, warnings that are errors for one, must not pass for this.
	if [ -e "$build_folder/Makefile" ] && [ "$(cat "$build_folder/options" 2>/dev/null ||
		"$build_folder/config.status" --config)" != "$*" ]; then
		make -s -C "$build_folder" distclean >/dev/null 2>&1
		rm -f "$build_folder/Makefile"
	fi
	[ -e "$build_folder/Makefile" ] ||
		(cd "$build_folder" && ./source/configure -q "$@" >"$build_folder/configure.log" 2>&1) ||
		die "configure failed: see $build_folder/configure.log"
	# (Its own record also has what the environment said, as CC=clang.)
	echo "$*" >"$build_folder/options"
	make -s -C "$build_folder" -j"$(nproc)" "$target" >"$build_folder/make.log" 2>&1 ||
		{ tail -n 30 "$build_folder/make.log" >&2; die "the build failed: see $build_folder/make.log"; }
}
